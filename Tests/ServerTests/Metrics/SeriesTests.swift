import Testing
import Wire

@testable import Server

struct SeriesTests {
    private struct Point {
        var step: Int64
        var value: Double
        var timestamp: Double { 1000 + Double(step) / 4 }
    }

    private func store(_ points: [Point], run: String = "a", phase: String? = nil, in data: TestData) async throws {
        for start in stride(from: 0, to: points.count, by: 777) {
            let part = points[start..<min(start + 777, points.count)]
            var columns: [String: MetricsAppend.Column] = [
                "metric_name": .strings(try StringColumn(part.map { _ in "loss" })),
                "metric_value": .numbers(NumericColumn(try ArrayValue(part.map(\.value)))),
                "step": .numbers(NumericColumn(try ArrayValue(part.map(\.step)))),
                "timestamp": .numbers(NumericColumn(try ArrayValue(part.map(\.timestamp)))),
            ]
            if let phase { columns["phase"] = .strings(try StringColumn(part.map { _ in phase })) }
            let block = MetricsAppend.Block(table: "training_metrics", count: part.count, columns: columns)
            #expect(try await data.call(MetricsAppend(runID: run, columns: [block])).rejected == [])
        }
    }

    private func noise(_ count: Int) -> [Point] {
        var generator = SeededGenerator(seed: 7)
        return (0..<count).map { Point(step: Int64($0), value: Double.random(in: -1...1, using: &generator)) }
    }

    private func series(
        _ data: TestData,
        _ change: (inout MetricsSeries) -> Void = { _ in }
    ) async throws
        -> [MetricsSeries.Series]
    {
        var asked = MetricsSeries(metricName: "loss", runIDs: ["a"])
        change(&asked)
        return try await data.call(asked).series
    }

    /// The smallest and largest of the points behind each bucket, from the points themselves.
    private func expectTrue(_ series: MetricsSeries.Series, of points: [Point]) {
        var rest = points.sorted { $0.step < $1.step }[...]
        for index in series.x.indices {
            let part = rest.prefix { Double($0.step) <= series.x[index] }
            rest = rest.dropFirst(part.count)
            #expect(series.min[index] == part.map(\.value).min())
            #expect(series.max[index] == part.map(\.value).max())
            #expect(series.last[index] == part.last?.value)
        }
        #expect(rest.isEmpty, "the last bucket ends with the last point")
    }

    @Test(arguments: [1, 31, 32, 33, 255, 256, 1000, 9000], [1, 7, 100, 2000])
    func bucketsTellTheTruthAboutTheirPoints(count: Int, most: Int) async throws {
        let data = try TestData()
        let points = noise(count)
        try await store(points, in: data)
        let series = try #require(try await series(data) { $0.maxPoints = most }.first)
        #expect(series.count == count)
        #expect(series.x.count <= most && series.x.count >= min(count, most) / 2)
        #expect(series.xAxis == .step)
        expectTrue(series, of: points)
    }

    @Test func pointsInAnyOrderGiveTheSameSeries() async throws {
        let (data, shuffled) = (try TestData(), try TestData())
        let points = noise(5000)
        var generator = SeededGenerator(seed: 1)
        try await store(points, in: data)
        try await store(points.shuffled(using: &generator), in: shuffled)
        let series = try #require(try await series(shuffled) { $0.maxPoints = 100 }.first)
        expectTrue(series, of: points)
        #expect(series.x.count >= 50)
    }

    @Test func aRunThatWasResumedOverlapsItselfAndIsShownWhole() async throws {
        let data = try TestData()
        let points = noise(3000)
        try await store(Array(points[..<2000]) + Array(points[1900...]), in: data)
        let series = try #require(try await series(data) { $0.maxPoints = 50 }.first)
        #expect(series.x == series.x.sorted())
        #expect(series.min.compactMap(\.self).min() == points.map(\.value).min())
        #expect(series.max.compactMap(\.self).max() == points.map(\.value).max())
        #expect(series.count == 3100)
    }

    @Test func whatIsShownStaysWhereItIsWhileTheSeriesGrows() async throws {
        let data = try TestData()
        let points = noise(9000)
        try await store(Array(points[..<8500]), in: data)
        let before = try #require(try await series(data) { $0.maxPoints = 200 }.first)
        try await store(Array(points[8500...]), in: data)
        let after = try #require(try await series(data) { $0.maxPoints = 200 }.first)
        #expect(after.x.count > before.x.count)
        // All but the bucket that was not full.
        #expect(Array(after.x.prefix(before.x.count - 1)) == Array(before.x.dropLast()))
        #expect(Array(after.max.prefix(before.x.count - 1)) == Array(before.max.dropLast()))
    }

    @Test(arguments: [(100.0, 180.0), (0, 31), (5000, 5000), (8990, 20_000)])
    func aShortRangeShowsItsPointsOneByOne(from: Double, to: Double) async throws {
        let data = try TestData()
        let points = noise(9000)
        try await store(points, in: data)
        let series = try #require(
            try await series(data) {
                $0.from = from
                $0.to = to
            }.first
        )
        let expected = points.filter { (from...to).contains(Double($0.step)) }
        #expect(series.x == expected.map { Double($0.step) })
        #expect(series.last == expected.map(\.value))
    }

    @Test func aLongRangeIsThinned() async throws {
        let data = try TestData()
        let points = noise(9000)
        try await store(points, in: data)
        let series = try #require(
            try await series(data) {
                $0.from = 1000
                $0.to = 7999
                $0.maxPoints = 100
            }.first
        )
        #expect((50...100).contains(series.x.count))
        let inside = points[1000..<8000].map(\.value)
        #expect(series.min.compactMap(\.self).min() ?? 0 <= inside.min() ?? 0)
        #expect(series.max.compactMap(\.self).max() ?? 0 >= inside.max() ?? 0)
        let ends = (series.x.first ?? 0, series.x.last ?? 0)
        #expect(ends.0 >= 1000 && (7999...8100).contains(ends.1))
    }

    /// TensorBoard's formula, point by point.
    private func smoothed(_ values: [Double], _ weight: Double) -> [Double] {
        var (last, past) = (0.0, 1.0)
        return values.map { value in
            last = last * weight + (1 - weight) * value
            past *= weight
            return last / (1 - past)
        }
    }

    @Test func smoothingIsTensorBoards() async throws {
        let data = try TestData()
        let points = noise(500)
        try await store(points, in: data)
        let series = try #require(try await series(data) { $0.smoothing = 0.9 }.first)
        let found = try #require(series.smoothed).compactMap(\.self)
        let expected = smoothed(points.map(\.value), 0.9)
        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-9 })
    }

    @Test func smoothingDoesNotDependOnHowMuchIsShown() async throws {
        let data = try TestData()
        let points = (0..<9000).map { Point(step: Int64($0), value: 1 / (1 + Double($0) / 1000)) }
        try await store(points, in: data)
        let expected = smoothed(points.map(\.value), 0.99)
        for most in [20, 200] {
            let series = try #require(
                try await series(data) {
                    $0.smoothing = 0.99
                    $0.maxPoints = most
                }.first
            )
            for (x, value) in zip(series.x, series.smoothed ?? []) {
                #expect(abs((value ?? 0) - expected[Int(x)]) < 0.01)
            }
        }
    }

    @Test func seriesAreToldApartByRunAndPhase() async throws {
        let data = try TestData()
        let points = noise(10)
        for (run, phase) in [("a", "train"), ("a", "val"), ("b", "train"), ("c", "train")] {
            try await store(points, run: run, phase: phase, in: data)
        }
        let found = try await series(data) { $0.runIDs = ["a", "b"] }
        #expect(
            found.map(\.key) == [
                ["run_id": "a", "metric_name": "loss", "phase": "train"],
                ["run_id": "a", "metric_name": "loss", "phase": "val"],
                ["run_id": "b", "metric_name": "loss", "phase": "train"],
            ]
        )
        let filtered = try await series(data) {
            $0.runIDs = ["a", "b"]
            $0.filters = ["phase": "val"]
        }
        #expect(filtered.map { $0.key["phase"] } == ["val"])
        let steps = try await series(data) { $0.filters = ["step": [3, 5], "phase": "train"] }
        #expect(steps.map(\.x) == [[3, 5]])
    }

    @Test func theAxisIsWhatThePointsHaveUnlessOneIsAskedFor() async throws {
        let data = try TestData()
        let times: [JSONValue] = [10.5, 11.5]
        for (index, time) in times.enumerated() {
            let row: [String: JSONValue] = [
                "table": "training_metrics", "metric_name": "loss", "metric_value": 1, "timestamp": time,
                "epoch_number": .integer(Int64(index)),
            ]
            try await data.call(MetricsAppend(runID: "a", rows: [.object(row)]))
        }
        #expect(try await series(data).map(\.x) == [[0, 1]])
        #expect(try await series(data).first?.xAxis == .epoch)
        #expect(try await series(data) { $0.x = .timestamp }.map(\.x) == [[10.5, 11.5]])
        #expect(try await series(data) { $0.x = .step }.map(\.x) == [[]], "no point has a step")
    }

    @Test func valuesThatAreNotFiniteAreShownWhereTheyAreAndSpoilNothing() async throws {
        let data = try TestData()
        var points = noise(4000)
        points[100].value = .nan
        points[3999].value = .infinity
        try await store(points, in: data)
        let thin = try #require(try await series(data) { $0.maxPoints = 50 }.first)
        #expect(thin.last.last == .infinity)
        #expect(thin.min.allSatisfy { $0?.isFinite ?? false } && thin.max.allSatisfy { $0?.isFinite ?? false })
        let near = try #require(
            try await series(data) {
                $0.from = 99
                $0.to = 101
            }.first
        )
        #expect(near.last[1].isNaN && near.min[1] == nil)
    }

    @Test func resourcesAndOperationsHaveSeriesToo() async throws {
        let data = try TestData()
        let rows: [JSONValue] = (0..<5).flatMap { index -> [JSONValue] in
            let time = JSONValue.number(100 + Double(index))
            return [
                [
                    "table": "resource_metrics", "metric_type": "cpu", "metric_name": "system_total", "value": 50,
                    "unit": "%", "hostname": .string("host\(index % 2)"), "process_id": 7, "timestamp": time,
                ],
                [
                    "table": "generation_metrics", "operation": "inject", "duration_seconds": .number(Double(index)),
                    "samples_generated": .integer(Int64(index * 10)), "timestamp": time,
                ],
            ].map { .object($0) }
        }
        #expect(try await data.call(MetricsAppend(runID: "a", rows: rows)).rejected == [])
        let cpu = try await series(data) {
            $0.table = "resource_metrics"
            $0.metricName = "system_total"
        }
        #expect(cpu.map(\.key) == [["run_id": "a", "metric_type": "cpu", "metric_name": "system_total"]])
        #expect(cpu.first?.x == [100, 101, 102, 103, 104], "both hosts in one")
        let durations = try await series(data) {
            $0.table = "generation_metrics"
            $0.metricName = "inject"
        }
        #expect(durations.first?.last == [0, 1, 2, 3, 4])
        let samples = try await series(data) {
            $0.table = "generation_metrics"
            $0.metricName = "inject"
            $0.value = "samples_generated"
        }
        #expect(samples.first?.last == [0, 10, 20, 30, 40])
    }

    @Test(
        arguments: [
            (MetricsSeries(table: "steps", metricName: "loss", runIDs: ["a"]), "unknown_table"),
            (MetricsSeries(metricName: "loss", runIDs: ["a"], filters: ["colour": 1]), "unknown_column"),
            (MetricsSeries(metricName: "loss", runIDs: ["a"], value: "phase"), "invalid_params"),
            (MetricsSeries(metricName: "loss", runIDs: ["a"], value: "step"), "invalid_params"),
            (MetricsSeries(metricName: "loss", runIDs: ["../a"]), "invalid_params"),
            (MetricsSeries(metricName: "loss", runIDs: ["a"], from: 2, to: 1), "invalid_params"),
            (MetricsSeries(metricName: "loss", runIDs: ["a"], maxPoints: 0), "invalid_params"),
            (MetricsSeries(metricName: "loss", runIDs: ["a"], smoothing: 1), "invalid_params"),
            (MetricsSeries(table: "resource_metrics", metricName: "x", runIDs: ["a"], x: .step), "unknown_column"),
            (MetricsSeries(metricName: "loss", runIDs: Array(repeating: "a", count: 101)), "invalid_params"),
        ] as [(MetricsSeries, String)]
    )
    func badRequestsAreRefused(asked: MetricsSeries, kind: String) async throws {
        #expect(try await TestData().refusal(asked)?.kind.rawValue == kind)
    }

    // MARK: Summary and list

    @Test func theSummaryCountsAndSpans() async throws {
        let data = try TestData()
        try await store(noise(100), in: data)
        try await store(noise(41), run: "b", in: data)
        let operation: [String: JSONValue] = [
            "table": "generation_metrics", "operation": "x", "duration_seconds": 1, "timestamp": 1240,
        ]
        try await data.call(MetricsAppend(runID: "b", rows: [.object(operation)]))
        let one = try await data.call(MetricsSummary(runID: "b"))
        #expect(one.trainingMetricsCount == 41 && one.generationMetricsCount == 1 && one.resourceMetricsCount == 0)
        #expect(one.firstTimestamp == 1000 && one.lastTimestamp == 1240 && one.durationMinutes == 4)
        let all = try await data.call(MetricsSummary())
        #expect(all.trainingMetricsCount == 141 && all.databaseSizeMB > 0)
        let none = try await data.call(MetricsSummary(runID: "nothing"))
        #expect(none.trainingMetricsCount == 0 && none.firstTimestamp == nil && none.durationMinutes == 0)
    }

    @Test func theListTellsWhatARunLogsAndItsLastValue() async throws {
        let data = try TestData()
        var points = noise(100)
        points[99].value = .nan
        try await store(points, phase: "train", in: data)
        let metrics = try await data.call(MetricsList(runIDs: ["a", "b"])).metrics
        #expect(metrics.map(\.metricName) == ["loss"])
        #expect(metrics.first?.count == 100 && metrics.first?.phase == "train" && metrics.first?.last?.isNaN ?? false)
    }

    @Test func aDeletedRunTakesItsMetricsAlongAndItsNameStartsAnew() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"))
        try await store(noise(100), in: data)
        try await data.call(RunsDelete(runID: "a"))
        for table in ["training_points", "metric_series", "metric_tiles"] {
            #expect(try await data.integers("SELECT count(*) FROM \(table)") == [0])
        }
        try await store(noise(10), run: "a", in: data)
        #expect(try await data.integers("SELECT min(id) FROM training_metrics") == [101], "no id is given out twice")
        #expect(try await series(data).first?.count == 10)
    }
}
