import Testing

@testable import Holdfast

/// Ticks are ten seconds; 20480 sectors are 10 MB.
struct RateTests {
    private let system: FakeSystem
    private var sampler: ResourceSampler
    private var clock = FakeClock()

    init() throws {
        system = try FakeSystem()
        sampler = system.sampler()
    }

    private mutating func samples() -> [ResourceSample] { sampler.sample(at: clock.tick()) }

    private func writeDisks(_ sectors: [(name: String, read: Int, written: Int)]) throws {
        let lines = sectors.map { "   8       0 \($0.name) 7 7 \($0.read) 7 7 7 \($0.written) 7 0 7 7 0 0 0 0 0 0\n" }
        try system.write("proc/diskstats", lines.joined())
    }

    private func writeNetwork(_ bytes: [(name: String, received: Int, sent: Int)]) throws {
        let lines = bytes.map { "  \($0.name):\($0.received) 7 0 0 0 0 0 0 \($0.sent) 7 0 0 0 0 0 0\n" }
        try system.write("proc/net/dev", "Inter-|   Receive  | Transmit\n face |bytes |bytes\n" + lines.joined())
    }

    @Test mutating func diskRatesAreThoseOfWholeDisks() throws {
        for name in [
            "sda/queue", "nvme0n1/queue", "loop0/queue", "zram0/queue", "dm-0/slaves/sda", "bcache0/slaves/sda",
        ] {
            try system.write("sys/block/\(name)/x", "")
        }
        let names = ["loop0", "sda", "sda1", "nvme0n1", "nvme0n1p1", "zram0", "dm-0", "bcache0"]
        try writeDisks(names.map { ($0, 1000, 1000) })
        #expect(samples().isEmpty)
        try writeDisks(names.map { ($0, 1000 + 20_480, 1000 + 40_960) })
        #expect(
            samples() == [
                ResourceSample(type: "disk", name: "read", value: 2, unit: "MB/s"),
                ResourceSample(type: "disk", name: "written", value: 4, unit: "MB/s"),
            ]
        )
    }

    @Test mutating func aCounterThatGoesBackwardsHasNoRateOnce() throws {
        try writeNetwork([("eth0", 5 << 20, 5 << 20)])
        _ = samples()
        try writeNetwork([("eth0", 1 << 20, 15 << 20)])
        let reset = samples()
        #expect(reset["network", "received"] == nil)
        #expect(reset["network", "sent"] == 1)
        try writeNetwork([("eth0", 21 << 20, 15 << 20)])
        #expect(samples()["network", "received"] == 2)
    }

    @Test mutating func theLoopbackIsNotCounted() throws {
        try writeNetwork([("lo", 0, 0), ("eth0", 0, 0), ("eth1", 0, 0)])
        _ = samples()
        try writeNetwork([("lo", 99 << 20, 99 << 20), ("eth0", 10 << 20, 0), ("eth1", 10 << 20, 30 << 20)])
        #expect(
            samples() == [
                ResourceSample(type: "network", name: "received", value: 2, unit: "MB/s"),
                ResourceSample(type: "network", name: "sent", value: 3, unit: "MB/s"),
            ]
        )
    }

    @Test mutating func whereThereIsHardwareOnlyItsInterfacesAreCounted() throws {
        try system.write("sys/class/net/eth0/device/x", "")
        try writeNetwork([("eth0", 0, 0), ("docker0", 0, 0), ("veth1", 0, 0)])
        _ = samples()
        try writeNetwork([("eth0", 10 << 20, 0), ("docker0", 10 << 20, 0), ("veth1", 10 << 20, 0)])
        #expect(samples()["network", "received"] == 1)
    }

    @Test mutating func aDeviceThatComesOrGoesIsNoTraffic() throws {
        try writeNetwork([("eth0", 0, 0), ("eth1", 90 << 20, 0)])
        _ = samples()
        try writeNetwork([("eth0", 10 << 20, 0), ("eth2", 70 << 20, 0)])
        #expect(samples()["network", "received"] == 1)
    }

    @Test mutating func twoTicksAtOneTimeHaveNoRate() throws {
        try writeNetwork([("eth0", 0, 0)])
        _ = samples()
        #expect(sampler.sample(at: clock.now).isEmpty)
    }
}
