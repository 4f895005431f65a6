import ArgumentParser
import Foundation
import Holdfast

/// Times `log` calls and how fast what they log is acknowledged; prints one JSON object.
@main
struct LogBenchmark: AsyncParsableCommand {
    @Option(help: "HOST:PORT of a running server.")
    var server: String
    @Option(help: "The folder of the spool.")
    var spool: String
    @Option(help: "How many scalars.")
    var count = 1_000_000
    @Option(help: "How many metrics they belong to.")
    var metrics = 10
    @Option(help: "Pause after every thousand calls, in milliseconds; 0 logs as fast as it goes.")
    var pause = 0.0

    func run() async throws {
        var options = ClientOptions()
        options.spoolDirectory = spool
        options.resourceInterval = nil
        let run = try await HoldfastClient.initialize(
            run: "bench-\(UUID().uuidString)",
            server: server,
            options: options
        )
        let names = (0..<metrics).map { "metric/\($0)" }
        for step in 0..<1000 { run.log("warm-up", 0, step: step) }
        var times = [UInt32](repeating: 0, count: count)
        let clock = ContinuousClock()
        let begin = clock.now
        var waited = Duration.zero
        for index in 0..<count {
            let start = Self.nanoseconds
            run.log(names[index % metrics], Double(index) * 0.37, step: index / metrics)
            times[index] = UInt32(truncatingIfNeeded: Self.nanoseconds - start)
            if pause > 0, index % 1000 == 999 {
                try await Task.sleep(for: .milliseconds(pause))
                waited += .milliseconds(pause)
            }
        }
        let logged = clock.now - begin
        let left = await run.close(deadline: .seconds(600))
        let settled = clock.now - begin
        let overhead = Self.timerOverhead
        times.sort()
        func percentile(_ share: Double) -> Double {
            max(0, Double(times[min(count - 1, Int(share * Double(count)))]) - overhead)
        }
        let result: [String: Double] = [
            "count": Double(count), "left": Double(left.records), "p50_ns": percentile(0.5), "p99_ns": percentile(0.99),
            "p999_ns": percentile(0.999), "max_us": Double(times[count - 1]) / 1000, "timer_ns": overhead,
            "logged_per_s": Double(count) / Self.seconds(logged - waited),
            "acknowledged_per_s": Double(count) / Self.seconds(settled),
        ]
        print(String(decoding: try JSONEncoder().encode(result), as: UTF8.self))
    }

    private static var nanoseconds: UInt64 { DispatchTime.now().uptimeNanoseconds }

    /// What reading the clock adds to a measured time.
    private static var timerOverhead: Double {
        var times = (0..<10_000).map { _ in
            let start = nanoseconds
            return nanoseconds - start
        }
        times.sort()
        return Double(times[times.count / 2])
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }
}
