import Foundation
import Testing

@testable import Server

struct AnalysisReportTests {
    private func cells(_ report: String, _ beginning: String) -> [[String]] {
        MetricsFixture.cells(report, beginning)
    }

    @Test func generationIsSummedByOperationAndRound() throws {
        let fixture = try MetricsFixture { connection in
            for (place, seconds) in [1.0, 2, 3, 4].enumerated() {
                let time = 10 + Double(place) * 5
                try connection.addGeneration(
                    "a",
                    time,
                    "play",
                    round: 0,
                    seconds: seconds,
                    samples: 25,
                    memory: 100 + seconds
                )
            }
            try connection.addGeneration("a", 60, "play", round: 1, seconds: 10, samples: 7, memory: nil)
        }
        let report = try fixture.report()
        #expect(
            cells(report, "play") == [
                [
                    "play", "0", "4", "2.50", "s", "2.50", "s", "3.85", "s", "100", "10.00", "102.5", "MB", "104.0",
                    "MB",
                ],
                ["play", "1", "1", "10.00", "s", "10.00", "s", "10.00", "s", "7", "0.7000", "–", "–"],
                [
                    "play", "all", "5", "4.00", "s", "3.00", "s", "8.80", "s", "107", "5.350", "102.5", "MB", "104.0",
                    "MB",
                ],
            ]
        )
        // The first operation began a second before it ended.
        #expect(report.contains("11:06:49 to 2026-11-18 11:07:40 UTC (51.00 s)"))
    }

    @Test func trainingIsGroupedByRoundPhaseAndEpoch() throws {
        let fixture = try MetricsFixture { connection in
            for (time, value, round, epoch) in [(1.0, 4.0, 0, 0), (2, 2, 0, 0), (3, 1, 0, 1), (4, 0.5, 1, 0)] {
                try connection.addTraining("a", time, "loss", value, round: round, epoch: epoch, phase: "train")
            }
            try connection.addTraining("a", 5, "loss", 3, round: 0, epoch: 1, phase: "val")
            try connection.addTraining("a", 6, "loss", nil, round: 1, epoch: 0, phase: "train", nonFinite: "NaN")
            try connection.addTraining("a", 7, "loss", nil, round: 1, epoch: 0, phase: "train", nonFinite: "-Infinity")
            try connection.addTraining("a", 8, "accuracy", 0.25)
        }
        let report = try fixture.report()
        #expect(
            cells(report, "accuracy") == [["accuracy", "1", "0.2500", "0.2500", "0.2500", "0.2500", "0.2500", "–"]]
        )
        #expect(cells(report, "loss ").first == ["loss", "5", "4.000", "3.000", "0.5000", "4.000", "2.100", "2"])
        #expect(report.contains("Values that are not finite: 2\n    loss: 1 -Infinity, 1 NaN"))
        #expect(cells(report, "0  train") == [["0", "train", "3", "4.000", "1.000", "1.000", "4.000", "2.333", "–"]])
        #expect(cells(report, "0  val") == [["0", "val", "1", "3.000", "3.000", "3.000", "3.000", "3.000", "–"]])
        #expect(
            cells(report, "1  train") == [["1", "train", "1", "0.5000", "0.5000", "0.5000", "0.5000", "0.5000", "2"]]
        )
        #expect(cells(report, "0      0") == [["0", "0", "3.000", "–"]])
        #expect(cells(report, "0      1") == [["0", "1", "1.000", "3.000"]])
        #expect(cells(report, "1      0") == [["1", "0", "0.5000", "–"]])
    }

    @Test func resourcesHaveQuantilesAndTheTimeOfTheirPeak() throws {
        let fixture = try MetricsFixture { connection in
            for second in 0...100 {
                let value = Double((second * 37) % 101)
                try connection.addResource("a", Double(second), "cpu", "system_total", value, "%")
            }
            try connection.addResource("a", 1, "cpu", "system_total", nil, "%")
            for (time, value) in [(0.0, 12000.0), (65, 24000), (70, 18000)] {
                try connection.addResource("a", time, "gpu", "10_memory", value, "MB")
                try connection.addResource("a", time, "gpu", "2_memory", value / 100, "MB")
            }
        }
        let report = try fixture.report()
        // 37 · 30 = 1110 = 10 · 101 + 100: the peak is at second 30.
        #expect(
            cells(report, "cpu") == [
                ["cpu", "system_total", "101", "50.00", "50.00", "95.00", "100.0", "%", "0:00:30", "1"]
            ]
        )
        #expect(
            cells(report, "gpu") == [
                ["gpu", "2", "memory", "3", "180.0", "180.0", "234.0", "240.0", "MB", "0:01:05", "–"],
                ["gpu", "10", "memory", "3", "18.00", "18.00", "23.40", "24.00", "GB", "0:01:05", "–"],
            ]
        )
    }

    @Test func runsAreListedAndOnlyTheNewestAnalysed() throws {
        let fixture = try MetricsFixture { connection in
            for number in 1...12 {
                try connection.addTraining("run-\(number)", Double(number), "loss", Double(number))
            }
            try connection.execute("INSERT INTO runs (run_id, status, started_at) VALUES ('idle', 'running', '')")
            try connection.addTraining(nil, 0, "loss", 1)
        }
        let report = try fixture.report()
        #expect(cells(report, "Runs").first == ["Runs", "14"])
        #expect(cells(report, "Run ").map { $0[1] } == (3...12).reversed().map { "run-\($0)" })
        #expect(report.contains("The newest 10 are analysed below"))
        #expect(cells(report, "idle").first == ["idle", "running", "–", "–", "0", "0", "0"])
        let one = try fixture.report(run: "run-2")
        #expect(cells(one, "Run ").map { $0[1] } == ["run-2"])
        #expect(cells(one, "run-3").isEmpty)
        #expect(one.contains("Generation: nothing in generation_metrics"))
        let failure = #expect(throws: CommandFailure.self) { try fixture.report(run: "rum-2") }
        #expect(failure?.code == 1)
        #expect(failure?.message.contains("run-2") == true)
    }

    @Test func aDatabaseWithoutMetricsIsRefused() throws {
        let fixture = try MetricsFixture(schema: "CREATE TABLE other (x)")
        let failure = #expect(throws: CommandFailure.self) { try fixture.report() }
        #expect(failure?.code == 1)
        #expect(failure?.message.contains("resource_metrics") == true)
    }

    @Test func whatIsMissingIsSaid() throws {
        let columns =
            "id, timestamp, run_id, metric_name, metric_value, round_number, epoch_number, step, phase, non_finite"
        let fixture = try MetricsFixture(schema: "CREATE TABLE training_metrics (\(columns))") { connection in
            try connection.execute("INSERT INTO training_metrics (run_id, metric_name) VALUES ('a', 'loss')")
        }
        let report = try fixture.report()
        #expect(report.contains("Resources: the database has no resource_metrics"))
        #expect(report.contains("nothing recorded"))
        #expect(report.contains("loss: 1 NULL"))
    }

    @Test func aFigureIsReadFromTheDatabase() throws {
        let fixture = try MetricsFixture { connection in
            for second in 0..<10 {
                try connection.addTraining("a", Double(second), "loss", 1, phase: "train")
                try connection.addTraining("a", Double(second), "accuracy", 1)
                try connection.addGeneration(
                    "a",
                    Double(second),
                    "play",
                    round: 0,
                    seconds: 1,
                    samples: 1,
                    memory: nil
                )
            }
        }
        try MetricsDatabase(fixture.path).read { connection, relations in
            let run = try RunList(connection, relations).newestToPlot(in: "")
            let figure = try FigureReader(run: run, relations: relations, connection: connection).figure()
            #expect(figure.length == 10)
            #expect(figure.lanes.map(\.bands) == [[0...10]])
            #expect(figure.panels.map(\.title) == ["Loss"])
            #expect(figure.panels.first?.curves.map(\.title) == ["loss, train"])
            #expect(figure.panels.first?.curves.first?.line.segments.first?.first == PlotPoint(time: 1, value: 1))
            let script = GnuplotScript(figure).text
            #expect(script.contains("title 'loss, train'"))
            #expect(script.contains("1 1\n2 1\n3 1"))
        }
    }
}
