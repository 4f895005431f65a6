import Glibc
import Testing

@testable import Holdfast

struct RealSystemTests {
    /// The number that a script has written to a file, once it has.
    private func number(_ path: String) throws -> pid_t {
        var text = ProcText()
        for _ in 0..<500 where !text.load(path) { usleep(10_000) }
        let number = text.integer()
        return pid_t(try #require(number))
    }

    @Test func aChildThatBurnsACoreShows() throws {
        let system = try FakeSystem()
        // The shell itself waits; what burns is its child, which ends by itself should the test fail.
        let script = try system.script(#"(ulimit -t 20; while :; do :; done) & echo $$ > "$(dirname "$0")/pid"; wait"#)
        let isStarted = BackgroundThread.start {
            _ = ChildProcess.output(of: script, arguments: [], limit: .seconds(20))
        }
        #expect(isStarted)
        let parent = try number(system.folder + "/pid")
        defer { kill(-parent, SIGKILL) }

        var sampler = ResourceSampler(root: parent)
        _ = sampler.sample()
        var percent = 0.0
        for _ in 0..<20 where percent < 20 {
            usleep(300_000)
            percent = sampler.sample()["cpu", "process_tree"] ?? 0
        }
        #expect(percent >= 20)
        #expect(percent <= 120, "one thread is one core")
        let samples = sampler.sample()
        #expect((0...100).contains(try #require(samples["ram", "system_total"])))
        #expect((0.01...100).contains(try #require(samples["ram", "process_tree"])))
    }
}
