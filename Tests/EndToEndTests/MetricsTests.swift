import Foundation
import Holdfast
import Testing

/// Metrics through the SDK and the real server, there and back.
struct MetricsTests {
    @Test func generationEpochsAndResourcesAreLoggedAndReadBack() async throws {
        let server = try ServerProcess()
        try server.start()
        var options = ClientOptions()
        options.spoolDirectory = FileManager.default.temporaryDirectory.path + "/holdfast-\(UUID().uuidString)"
        options.resourceInterval = .milliseconds(50)
        options.batchDelay = .milliseconds(100)
        let run = try await HoldfastClient.initialize(run: "r", server: server.address, options: options)
        let generation = run.logDataGenerationStart(operation: "inject", round: 1, chunk: 2)
        for epoch in 0..<3 {
            run.logTrainingEpochMetric(name: "loss", value: 1 / Double(epoch + 1), round: 1, epoch: epoch, phase: "val")
        }
        run.logDataGenerationComplete(generation, samples: 100, memoryMB: 5)
        let client = try HoldfastClient(server: server.address, options: options)
        // The second reading is the first that has rates.
        var resources = 0
        while resources < 20 {
            resources = try await client.metricsSummary(ofRun: "r").resourceMetricsCount
            _ = try await client.call(ServerPing())
            try await client.flush()
        }
        #expect(await run.close().isEmpty)
        let rows = try await client.metrics("generation_metrics", ofRun: "r").rows
        #expect(rows.map { $0["operation"] } == ["inject"] && rows.map { $0["samples_generated"] } == [100])
        #expect(rows.map { $0["round_number"] } == [1] && rows.map { $0["chunk_number"] } == [2])
        let series = try await client.metricSeries(MetricsSeries(metricName: "loss", runIDs: ["r"]))
        #expect(series.map(\.last) == [[1, 0.5, 1.0 / 3]] && series.first?.xAxis == .epoch)
        var epochs: [JSONValue?] = []
        for try await row in client.metricRows(ofRun: "r") { epochs.append(row["epoch_number"]) }
        #expect(epochs == [0, 1, 2])
        let names = Set(try await client.metricsList(ofRuns: ["r"]).map(\.metricName))
        #expect(names.isSuperset(of: ["loss", "inject", "process_tree", "system_total"]))
        await client.close()
        try? FileManager.default.removeItem(atPath: options.spoolDirectory ?? "")
    }
}
