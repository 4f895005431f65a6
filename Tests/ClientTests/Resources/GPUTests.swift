import Foundation
import Glibc
import Testing

@testable import Holdfast

struct GPUTests {
    private let system: FakeSystem
    private var clock = FakeClock()

    init() throws { system = try FakeSystem() }

    /// The samples once the search in the background has ended.
    private func samples(_ sampler: inout ResourceSampler, until isDone: ([ResourceSample]) -> Bool) -> [ResourceSample]
    {
        var samples: [ResourceSample] = []
        for _ in 0..<500 {
            samples = sampler.sample(at: clock.now)
            if isDone(samples) { break }
            usleep(10_000)
        }
        return samples
    }

    @Test func theToolTellsOfTwoGPUs() throws {
        let output = #"echo "0, 35, 1024"; echo "1, [N/A], 2048"; echo "$@" > "$(dirname "$0")/arguments""#
        var sampler = system.sampler(tool: try system.script(output))
        #expect(
            samples(&sampler) { !$0.isEmpty } == [
                ResourceSample(type: "gpu", name: "0_utilization", value: 35, unit: "%"),
                ResourceSample(type: "gpu", name: "0_memory", value: 1024, unit: "MB"),
                ResourceSample(type: "gpu", name: "1_memory", value: 2048, unit: "MB"),
            ]
        )
        let arguments = try system.read("arguments")
        #expect(arguments == "--query-gpu=index,utilization.gpu,memory.used --format=csv,noheader,nounits\n")
    }

    @Test mutating func theToolRunsEveryFiveSecondsAndItsLastWordHolds() throws {
        let script = #"echo x >> "$(dirname "$0")/runs"; echo "0, $(wc -l < "$(dirname "$0")/runs"), 1""#
        var sampler = system.sampler(tool: try system.script(script))
        #expect(samples(&sampler) { !$0.isEmpty }["gpu", "0_utilization"] == 1)
        for _ in 0..<5 { #expect(sampler.sample(at: clock.now)["gpu", "0_utilization"] == 1) }
        _ = clock.tick()
        #expect(samples(&sampler) { $0["gpu", "0_utilization"] != 1 }["gpu", "0_utilization"] == 2)
    }

    @Test(arguments: ["echo garbage, with, commas", "echo", "echo '0, 1, 2'; exit 9", "kill -9 $$", "yes"])
    func aToolThatFailsTellsNothing(script: String) throws {
        let tool = NvidiaSMI(path: try system.script(script), limit: .seconds(10))
        #expect(tool.readings() == nil)
    }

    @Test func aToolThatIsNotThereTellsNothing() {
        #expect(NvidiaSMI(path: system.folder + "/none").readings() == nil)
    }

    @Test func aToolThatHangsIsKilledWithItsChildren() throws {
        let script = #"sleep 1000 & echo $! > "$(dirname "$0")/child"; echo "0, 1, 2"; wait"#
        let tool = NvidiaSMI(path: try system.script(script), limit: .milliseconds(500))
        let start = ContinuousClock.now
        #expect(tool.readings() == nil)
        #expect(ContinuousClock.now - start < .seconds(5))
        let child = try #require(pid_t(try system.read("child").dropLast()))
        // Its new parent may not have waited for it yet.
        let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
        #expect(state?.hasPrefix("\(child) (sleep) S") != true)
    }

    @Test func aToolThatHangsHoldsNoTickUp() throws {
        var sampler = system.sampler(tool: try system.script("sleep 5"))
        let start = ContinuousClock.now
        for _ in 0..<10 { #expect(sampler.sample(at: clock.now).isEmpty) }
        #expect(ContinuousClock.now - start < .seconds(1))
    }

    @Test mutating func aFailedSearchIsRepeatedAfterAMinute() throws {
        let search = NvidiaSearch(
            library: "/nonexistent/libnvidia-ml.so",
            tool: NvidiaSMI(path: try system.script(#"echo x >> "$(dirname "$0")/runs""#))
        )
        for _ in 0..<500 where search.finding(at: clock.now) == nil { usleep(10_000) }
        for _ in 0..<5 { #expect(search.finding(at: clock.tick()) != nil) }
        try system.remove("runs")
        _ = search.finding(at: clock.tick())
        for _ in 0..<500 where !Folder.exists(system.folder + "/runs") { usleep(10_000) }
        #expect(Folder.exists(system.folder + "/runs"))
    }

    @Test func amdTellsByFiles() throws {
        for (card, percent) in [("card2", 40), ("card10", 60), ("card2-DP-1", 99)] {
            try system.write("sys/class/drm/\(card)/device/gpu_busy_percent", "\(percent)\n")
        }
        try system.write("sys/class/drm/card2/device/mem_info_vram_used", "3145728\n")
        var sampler = system.sampler()
        #expect(
            samples(&sampler) { !$0.isEmpty } == [
                ResourceSample(type: "gpu", name: "0_utilization", value: 40, unit: "%"),
                ResourceSample(type: "gpu", name: "0_memory", value: 3, unit: "MB"),
                ResourceSample(type: "gpu", name: "1_utilization", value: 60, unit: "%"),
            ]
        )
    }
}
