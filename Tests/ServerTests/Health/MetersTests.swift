import Logging
import NIOCore
import Testing
import Wire

@testable import Server

struct MetersTests {
    @Test(arguments: [
        (Duration.zero, 0), (.microseconds(100), 0), (.nanoseconds(100_001), 1), (.microseconds(250), 1),
        (.seconds(10), 15), (.seconds(11), 16), (.seconds(100_000), 16),
    ])
    func aDurationIsCountedFromItsBoundOn(duration: Duration, bucket: Int) {
        let histogram = Histogram()
        histogram.record(duration)
        #expect(histogram.reading.cumulative == (0...Histogram.bounds.count).map { $0 < bucket ? 0 : 1 })
        #expect(histogram.count == 1)
    }

    @Test func sumsAreInSeconds() {
        let histogram = Histogram()
        for _ in 0..<4 { histogram.record(.milliseconds(250)) }
        #expect(histogram.reading.sum == 1)
    }

    private static let log = RequestLog(Logger(label: "holdfast.tests"), slow: .seconds(3600))

    private func begin(_ method: String, _ meter: RequestMeter) throws -> RequestMeter.Measurement {
        let payload = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)"}"#
        return meter.begin(try Request(try Frame(payload: ByteBuffer(string: payload))), Self.log)
    }

    @Test func whatIsNoMethodIsCountedUnderOneName() throws {
        let meter = RequestMeter(methods: ["server.ping"])
        for method in ["server.ping", "nothing", "another"] {
            try begin(method, meter).end(.failure(WireError(.methodNotFound, "")))
        }
        meter.refuse(WireError(.parseError, ""))
        #expect(meter.series.keys.sorted() == ["server.ping", "unknown"])
        #expect(meter.series["unknown"]?.durations.count == 3)
        #expect(meter.series["server.ping"]?.errors == ["method_not_found": 1])
    }

    @Test func manyThreadsCountTogether() async throws {
        let meter = RequestMeter(methods: ["server.ping"])
        let measurement = try begin("server.ping", meter)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 { measurement.end(.failure(WireError(.overloaded, ""))) }
                }
            }
        }
        #expect(meter.series["server.ping"]?.durations.count == 8000)
        #expect(meter.series["server.ping"]?.errors == ["overloaded": 8000])
    }

    @Test func labelsAreEscaped() {
        var text = PrometheusText()
        text.family("a", .gauge, "one\nline \\ only")
        text.sample("a", ["name": "a \"b\" \\ c\nd"], .infinity)
        text.sample("a", [:], .nan)
        text.sample("a", [:], 0.25)
        #expect(
            text.text == #"""
                # HELP a one\nline \\ only
                # TYPE a gauge
                a{name="a \"b\" \\ c\nd"} +Inf
                a NaN
                a 0.25

                """#
        )
    }

    @Test func aHistogramEndsWithAllOfIt() {
        let histogram = Histogram()
        histogram.record(.seconds(3))
        var text = PrometheusText()
        text.histogram("t", ("method", "m"), of: histogram)
        let lines = text.text.split(separator: "\n")
        #expect(lines.count == Histogram.bounds.count + 3)
        #expect(
            lines.suffix(4) == [
                #"t_bucket{method="m",le="10"} 1"#, #"t_bucket{method="m",le="+Inf"} 1"#, #"t_sum{method="m"} 3"#,
                #"t_count{method="m"} 1"#,
            ]
        )
    }
}
