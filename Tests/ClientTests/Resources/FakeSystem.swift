import Foundation
import Glibc
import Testing

@testable import Holdfast

/// A /proc and a /sys of a test's own, in a temporary folder that goes with the value.
final class FakeSystem {
    static let root: pid_t = 100

    let folder: String
    var proc: String { folder + "/proc" }
    var sys: String { folder + "/sys" }

    init() throws {
        folder = NSTemporaryDirectory() + "/resources-" + UUID().uuidString
        for name in ["/proc", "/sys"] {
            try FileManager.default.createDirectory(atPath: folder + name, withIntermediateDirectories: true)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func write(_ path: String, _ text: String) throws {
        let url = URL(fileURLWithPath: folder + "/" + path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try text.write(to: url, atomically: false, encoding: .utf8)
    }

    func read(_ path: String) throws -> String { try String(contentsOfFile: folder + "/" + path, encoding: .utf8) }

    func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: folder + "/" + path) }

    /// Writes `/proc/<pid>/stat`; times are in clock ticks, memory in pages.
    func process(
        _ pid: pid_t,
        parent: pid_t = root,
        command: String = "worker",
        user: Int = 0,
        system: Int = 0,
        waited: Int = 0,
        threads: Int = 1,
        start: Int = 1000,
        pages: Int = 256
    ) throws {
        let head = "\(pid) (\(command)) S \(parent) 1 1 0 -1 4194304 9 9 9 9"
        try write(
            "proc/\(pid)/stat",
            "\(head) \(user) \(system) \(waited) 0 20 -5 \(threads) 0 \(start) 123456 \(pages) 184 1 1 0 0\n"
        )
    }

    func end(_ pid: pid_t) throws { try remove("proc/\(pid)") }

    /// Makes an executable script and returns its path.
    func script(_ text: String) throws -> String {
        try write("script", "#!/bin/sh\n" + text + "\n")
        let path = folder + "/nvidia-smi"
        // Another process writes it: children that tests start in parallel would inherit the file while it is open for
        // writing, and it can't be executed then (ETXTBSY).
        let arguments = ["-m", "755", folder + "/script", path]
        _ = try #require(ChildProcess.output(of: "install", arguments: arguments, limit: .seconds(20)))
        return path
    }

    /// A sampler of this system, without GPUs of NVIDIA unless there is a tool.
    func sampler(tool: String = "/nonexistent/nvidia-smi") -> ResourceSampler {
        ResourceSampler(root: Self.root, proc: proc, sys: sys, nvml: "/nonexistent/libnvidia-ml.so", nvidiaSMI: tool)
    }
}

/// Ticks of ten seconds.
struct FakeClock {
    private(set) var now = ContinuousClock.now

    mutating func tick() -> ContinuousClock.Instant {
        now = now.advanced(by: .seconds(10))
        return now
    }
}

extension [ResourceSample] {
    subscript(_ type: String, _ name: String) -> Double? { first { $0.type == type && $0.name == name }?.value }
}
