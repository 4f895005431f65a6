import Testing
import Wire

@testable import Server

/// Second opinions, agreement, disagreements, likely errors and calibration.
struct ReviewTests {
    private func set(
        _ data: TestData,
        _ id: Int64,
        _ value: Int?,
        _ annotator: String,
        opinion: Bool? = nil
    ) async throws {
        try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": value], annotator: annotator, opinion: opinion))
    }

    @Test func aSecondOpinionChangesNothingButTheQueue() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert(["a", "b", "c"])
        for id in ids { try await set(data, id, 1, "ann") }
        try await set(data, ids[0], 1, "ben", opinion: true)
        try await set(data, ids[1], 0, "ben", opinion: true)
        #expect(try await data.column("has_biopsy_tool", of: ids[1]) == .integer(1))
        let queue = try await data.call(LabelsDisagreements())
        #expect(queue.disagreements.map(\.image.id) == [ids[1]])
        #expect(queue.disagreements[0].label == 1)
        #expect(queue.disagreements[0].opinions.map { "\($0.annotator) \($0.value)" } == ["ann 1", "ben 0"])
    }

    @Test func whoeverSetsTheLabelThenSettlesIt() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        try await set(data, id, 1, "ann")
        try await set(data, id, 0, "ben", opinion: true)
        try await set(data, id, 0, "eve")
        #expect(try await data.call(LabelsDisagreements()).disagreements.isEmpty)
        #expect(try await data.column("has_biopsy_tool", of: id) == .integer(0))
        try await data.call(LabelsUndo(id: id))
        #expect(try await data.call(LabelsDisagreements()).disagreements.count == 1)
        try await data.call(LabelsUndo(id: id))
        #expect(try await data.call(LabelsDisagreements()).disagreements.isEmpty)
        #expect(try await data.column("has_biopsy_tool", of: id) == .integer(1))
    }

    /// The example of Cohen's own kind: 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no give κ = 0.4.
    @Test func kappaIsThatOfTheTextbook() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<50).map { "\($0)" })
        let answers =
            Array(repeating: (1, 1), count: 20) + Array(repeating: (1, 0), count: 5)
            + Array(repeating: (0, 1), count: 10) + Array(repeating: (0, 0), count: 15)
        for (id, (ann, ben)) in zip(ids, answers) {
            try await set(data, id, ann, "ann")
            try await set(data, id, ben, "ben", opinion: true)
        }
        let result = try await data.call(LabelsAgreement())
        #expect(result.disagreements == 15)
        let pair = try #require(result.pairs.first)
        #expect(pair.annotators == ["ann", "ben"])
        #expect([pair.bothYes, pair.firstOnly, pair.secondOnly, pair.bothNo] == [20, 5, 10, 15])
        #expect(abs(pair.agreement - 0.7) < 1e-12)
        #expect(abs((pair.kappa ?? 0) - 0.4) < 1e-12)
        // Taking an opinion back, or changing it, is counted.
        try await data.call(LabelsUndo(annotator: "ben"))
        #expect(try await data.call(LabelsAgreement()).pairs[0].bothNo == 14)
    }

    @Test func whoAlwaysSaysTheSameHasNoKappa() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        try await set(data, id, 1, "ann")
        try await set(data, id, 1, "ben", opinion: true)
        let pair = try #require(try await data.call(LabelsAgreement()).pairs.first)
        #expect(pair.agreement == 1)
        #expect(pair.kappa == nil)
    }

    // MARK: Out-of-sample scores

    /// Forty images, every other one labeled yes, with scores that agree but for two.
    private func scored() async throws -> (data: TestData, ids: [Int64]) {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<40).map { "image \($0)" })
        for (place, id) in ids.enumerated() { try await set(data, id, place % 2, "ann") }
        let scores = ids.enumerated().map { place, id in
            let agrees = place % 2 == 1 ? 0.80 + Double(place) / 400 : 0.20 - Double(place) / 400
            let score = place == 6 ? 0.97 : place == 9 ? 0.01 : agrees
            return LabelsUpdatePredictions.Prediction(id: id, confidence: ["biopsy_tool": score])
        }
        let result = try await data.call(LabelsUpdateScores(scores))
        #expect(result.updated == 40)
        return (data, ids)
    }

    @Test func labelsThatAModelContradictsAreIssuesTheLikeliestFirst() async throws {
        let (data, ids) = try await scored()
        let issues = try await data.call(LabelsIssues()).issues
        #expect(issues.map(\.image.id) == [ids[9], ids[6]])
        #expect(issues.map(\.given) == [1, 0])
        #expect(issues.allSatisfy { $0.selfConfidence < 0.05 })
        let first = try await data.call(LabelsIssues(limit: 1))
        #expect(first.issues.map(\.image.id) == [ids[9]])
        let second = try await data.call(LabelsIssues(limit: 1, cursor: first.cursor))
        #expect(second.issues.map(\.image.id) == [ids[6]])
    }

    @Test func aLabelThatWasLookedAtAgainIsNoIssueUntilItIsScoredAgain() async throws {
        let (data, ids) = try await scored()
        try await set(data, ids[9], 1, "ben")
        try await set(data, ids[6], 1, "ben")
        #expect(try await data.call(LabelsIssues()).issues.isEmpty)
        try await data.call(LabelsUpdateScores([.init(id: ids[9], confidence: ["biopsy_tool": 0.02])]))
        #expect(try await data.call(LabelsIssues()).issues.map(\.image.id) == [ids[9]])
    }

    @Test func scoresChangeNeitherLabelsNorConfidences() async throws {
        let (data, ids) = try await scored()
        #expect(try await data.column("confidence_biopsy", of: ids[0]) == .null)
        #expect(try await data.column("has_biopsy_tool", of: ids[0]) == .integer(0))
    }

    @Test func unlabeledHeldOutAndUnknownImagesGetNoScore() async throws {
        let data = try TestData()
        let names = (0..<60).map { "image \($0)" }
        let ids = try await data.insert(names)
        let held = zip(names, ids).filter { LabelSettings.standard.isHoldout($0.0) }.map(\.1)
        let scores = (ids + [9999]).map {
            LabelsUpdatePredictions.Prediction(id: $0, confidence: ["biopsy_tool": 0.5])
        }
        let result = try await data.call(LabelsUpdateScores(scores))
        #expect(result.updated == 0)
        #expect(result.skippedHoldout == held.count)
        #expect(result.skippedUnlabeled == ids.count - held.count)
        #expect(result.unknown == [9999])
        #expect(throws: SQLError.self) {
            try data.change(
                "INSERT INTO label_scores (image_id, label, score, scored_at) VALUES (?, 'biopsy_tool', 0.5, '')",
                .integer(held[0])
            )
        }
    }

    @Test func calibrationCountsScoresByTwentieths() async throws {
        let (data, ids) = try await scored()
        let result = try await data.call(LabelsCalibration())
        #expect(result.bins.count == 20)
        #expect(result.bins.reduce(0) { $0 + $1.count } == 40)
        #expect(result.bins[19].count == 1)
        #expect(result.bins[19].yes == 0)
        #expect(result.bins[19].meanScore == 0.97)
        let threshold = try #require(result.threshold)
        #expect(threshold > 0.2 && threshold <= 0.8)
        #expect((result.error ?? 0) > 0)
        // The counts follow a label that changes.
        try await set(data, ids[6], 1, "ben")
        #expect(try await data.call(LabelsCalibration()).bins[19].yes == 1)
        try await set(data, ids[6], nil, "ben")
        #expect(try await data.call(LabelsCalibration()).bins[19].count == 0)
    }

    @Test func manyScoresMayComeAsArrays() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert(["a", "b"])
        for id in ids { try await set(data, id, 1, "ann") }
        let result = try await data.call(
            LabelsUpdateScores(
                ids: try ArrayValue(ids),
                confidences: ["biopsy_tool": try ArrayValue([0.25, 0.5] as [Float])]
            )
        )
        #expect(result.updated == 2)
        #expect(try await data.strings("SELECT score FROM label_scores ORDER BY image_id") == ["0.25", "0.5"])
    }
}
