import Foundation
import Holdfast
import Testing

/// The labeling loop through the SDK, against the real server.
struct LabelingTests {
    @Test func theExampleLearnsFromFewLabelsAndIsMeasuredOnTheHoldout() throws {
        let server = try ServerProcess("--labels", "is_disc", "--split-by", "study")
        try server.start()
        let (end, output) = try ServerProcess.run(
            "ActiveLearning",
            ["--server", server.address, "--pictures", "500", "--rounds", "4", "--labels", "15"]
        )
        #expect(end == .exit(0))
        let rounds = output.split(separator: "\n").dropFirst()
        #expect(rounds.count == 4, "\(output)")
        // Guessing gives 50 %; the classifier is far above it after a few dozen labels.
        let last = try #require(rounds.last)
        let accuracy = try #require(last.split(separator: " ").dropFirst(2).first.flatMap { Double($0) })
        #expect(accuracy > 70, "\(output)")
    }

    @Test(arguments: ["ActiveLearning", "Pipeline"])
    func anExampleWithoutItsLabelRegistersNothing(example: String) async throws {
        let server = try ServerProcess("--labels", "is_square")
        try server.start()
        #expect(try ServerProcess.run(example, ["--server", server.address]).end != .exit(0))
        let client = try HoldfastClient(server: server.address)
        #expect(try await client.labelStats().total == 0)
        await client.close()
    }

    @Test func rowsComePageByPageAndLabelsSurviveARestart() async throws {
        let server = try ServerProcess()
        try server.start()
        let client = try HoldfastClient(server: server.address)
        let images = (0..<60).map { ImagesInsert.Image(filename: "image \($0)") }
        _ = try await client.insertImagesAndWait(images)
        let open = try await client.nextImages(limit: 60, strategy: "random", annotator: "ann")
        let sets = open.map { LabelsSet(id: $0.id, labels: ["mag_view": 1]) }
        #expect(try await client.setLabels(sets, annotator: "ann").images.count == open.count)
        let snapshot = try await client.createSnapshot(note: "before")
        var seen: [JSONValue?] = []
        for try await row in client.trainVal(pageSize: 7) { seen.append(row["id"]) }
        #expect(seen.count == open.count)
        #expect(Set(seen).count == open.count)
        server.kill()
        try server.start()
        let again = try HoldfastClient(server: server.address)
        #expect(try await again.createSnapshot(note: "after") == snapshot)
        var unlabeled = 0
        for try await _ in again.images(LabelsList(labeled: false, limit: 3)) { unlabeled += 1 }
        #expect(unlabeled == 0)
        let held = try await again.holdoutImages()
        #expect(held.count == 60 - open.count)
        let given = try await again.nextHoldoutImages(limit: 100, annotator: "ann")
        try await again.setLabels(given.map { LabelsSet(id: $0.id, labels: ["mag_view": 0]) }, annotator: "ann")
        let predictions = held.map { HoldoutEvaluate.Prediction(id: $0.id, confidence: 0.1) }
        let look = try await again.evaluateHoldout(label: "mag_view", predictions: predictions, reason: "a test")
        #expect(look.accuracy == 1)
        await client.close()
        await again.close()
    }
}
