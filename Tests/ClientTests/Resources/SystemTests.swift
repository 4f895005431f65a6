import Testing

@testable import Holdfast

struct SystemTests {
    @Test func cpuIsAllButIdleAndWaiting() throws {
        let system = try FakeSystem()
        var (sampler, clock) = (system.sampler(), FakeClock())
        // user nice system idle iowait irq softirq steal guest guest_nice; the guest's time is in the user's.
        try system.write("proc/stat", "cpu  100 0 100 1000 100 0 0 0 50 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n")
        #expect(sampler.sample(at: clock.tick())["cpu", "system_total"] == nil)
        try system.write("proc/stat", "cpu  130 10 110 1100 110 10 10 20 80 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n")
        #expect(sampler.sample(at: clock.tick())["cpu", "system_total"] == 45)
    }

    @Test func cpuThatGoesBackwardsIsAbsentOnce() throws {
        let system = try FakeSystem()
        var (sampler, clock) = (system.sampler(), FakeClock())
        for (line, percent) in [("cpu 100 0 0 100", nil), ("cpu 50 0 0 60", nil), ("cpu 60 0 0 90", 25.0)] {
            try system.write("proc/stat", line + "\n")
            #expect(sampler.sample(at: clock.tick())["cpu", "system_total"] == percent)
        }
    }

    @Test func usedMemoryIsWhatIsNotAvailable() throws {
        let system = try FakeSystem()
        var sampler = system.sampler()
        try system.write(
            "proc/meminfo",
            "MemTotal:  8192 kB\nMemFree: 1024 kB\nMemAvailable:  6144 kB\nBuffers: 1 kB\n"
        )
        #expect(
            sampler.sample() == [
                ResourceSample(type: "ram", name: "system_total", value: 25, unit: "%"),
                ResourceSample(type: "ram", name: "system_used", value: 2, unit: "MB"),
            ]
        )
    }

    @Test func aSystemWithoutAnyFileHasNoSamples() throws {
        let system = try FakeSystem()
        try system.remove("proc")
        try system.remove("sys")
        var (sampler, clock) = (system.sampler(), FakeClock())
        for _ in 0..<3 { #expect(sampler.sample(at: clock.tick()).isEmpty) }
    }

    @Test func emptyAndCutFilesHaveNoSamples() throws {
        let system = try FakeSystem()
        var (sampler, clock) = (system.sampler(), FakeClock())
        for text in ["", "\n", "cpu", "cpu 1 2", "100 (a", "100 (a) S 1 1 1", "MemTotal: x", "a: 1", "8 0 sda 1"] {
            for name in ["stat", "meminfo", "uptime", "diskstats", "net/dev", "100/stat", "100/smaps_rollup"] {
                try system.write("proc/" + name, text)
            }
            #expect(sampler.sample(at: clock.tick()).isEmpty)
        }
    }
}
