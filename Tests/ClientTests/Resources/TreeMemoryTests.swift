import Glibc
import Testing

@testable import Holdfast

struct TreeMemoryTests {
    private let system: FakeSystem
    private let megabyte = 1_048_576 / sysconf(Int32(_SC_PAGESIZE))
    private var clock = FakeClock()

    init() throws { system = try FakeSystem() }

    private func writePSS(_ pid: pid_t, megabytes: Int) throws {
        let lines = ["0-1 ---p 0 0:0 0 [rollup]", "Rss: 9 kB", "Pss:      \(megabytes * 1024) kB", "Pss_Anon: 7 kB"]
        try system.write("proc/\(pid)/smaps_rollup", lines.joined(separator: "\n"))
    }

    @Test mutating func proportionalSizesAreAddedAndResidentOnesWhereThereIsNone() throws {
        try system.process(100, parent: 1, pages: 100 * megabyte)
        try system.process(101, pages: 80 * megabyte)
        try writePSS(100, megabytes: 60)
        var sampler = system.sampler()
        let samples = sampler.sample(at: clock.tick())
        #expect(samples["ram", "process_tree"] == 140)
        #expect(samples.map(\.unit) == ["MB"])
    }

    @Test mutating func betweenReadingsTheResidentSizeIsScaled() throws {
        try system.process(100, parent: 1, pages: 100 * megabyte)
        try writePSS(100, megabytes: 50)
        // Enough for one reading, and the next in years.
        var memory = TreeMemory(proc: system.proc, allowance: Allowance(share: 1e-12, bound: 1e-9))
        #expect(try bytes(&memory) == 50 * 1_048_576)
        try system.process(100, parent: 1, pages: 120 * megabyte)
        try writePSS(100, megabytes: 100)
        #expect(try bytes(&memory) == 60 * 1_048_576)
        // A child that was never read shares as the others do.
        try system.process(101, pages: 20 * megabyte)
        #expect(try bytes(&memory) == 70 * 1_048_576)
    }

    @Test mutating func theLongestUnreadIsReadFirst() throws {
        try system.process(100, parent: 1, pages: 100 * megabyte)
        try writePSS(100, megabytes: 50)
        // Every reading costs more than what is there, and what came in since is enough for the next one.
        var memory = TreeMemory(proc: system.proc, allowance: Allowance(share: 1, bound: 1e-9))
        _ = try bytes(&memory)
        try system.process(101, pages: 100 * megabyte)
        try writePSS(101, megabytes: 10)
        try writePSS(100, megabytes: 90)
        #expect(try bytes(&memory) == (50 + 10) * 1_048_576)
        #expect(try bytes(&memory) == (90 + 10) * 1_048_576)
    }

    private mutating func bytes(_ memory: inout TreeMemory) throws -> Double {
        var text = ProcText()
        var tree = ProcessTree(root: 100, proc: system.proc)
        let processes = tree.read(at: clock.now, text: &text)
        return memory.bytes(of: processes, at: clock.tick(), text: &text)
    }
}
