import Foundation
import Holdfast
import Shapes

/// The loop: label what the server offers, train on what is labeled, tell the server what the model thinks of the rest.
struct Learner {
    private static let folds = 5

    private let client: HoldfastClient
    private let annotator: Annotator
    private let held: [HoldoutImage]
    private var features: [Int64: [Double]] = [:]

    /// Draws pictures and registers them as images to label.
    init(client: HoldfastClient, drawing count: Int, seed: UInt64) async throws {
        self.client = client
        annotator = try await Annotator(client: client, drawing: count, seed: seed)
        held = try await client.holdoutImages()
    }

    /// Judges the held-out images: what the model is measured against, and never trained on.
    func labelHoldout() async throws { try await annotator.labelHoldout() }

    /// One round, and how good the model is after it.
    mutating func learn(labels: Int, strategy: String, round: Int) async throws -> Report {
        try await annotator.label(labels, strategy: strategy)
        var samples: [Classifier.Sample] = []
        for try await row in client.trainVal() {
            guard case .integer(let id)? = row["id"], case .integer(let value)? = row["has_\(Annotator.label)"] else {
                continue
            }
            samples.append(Classifier.Sample(id: id, features: try await features(id), isPositive: value == 1))
        }
        let model = Classifier(training: samples)
        try await predict(with: model)
        try await score(samples)
        let result = try await evaluate(model, round: round)
        let issues = try await client.call(LabelsIssues(label: Annotator.label)).issues.count
        return Report(round: round, labels: samples.count, result: result, issues: issues)
    }

    private mutating func predict(with model: Classifier) async throws {
        var ids: [Int64] = []
        var confidences: [Double] = []
        for try await row in client.images(LabelsList(labeled: false, limit: 1000)) {
            guard case .integer(let id)? = row["id"] else { continue }
            ids.append(id)
            confidences.append(model.confidence(try await features(id)))
        }
        if !ids.isEmpty { try await client.updatePredictions(ids: ids, confidences: [Annotator.label: confidences]) }
    }

    /// Scores each labeled image by a model that was not trained on it: what finds likely label errors.
    private func score(_ samples: [Classifier.Sample]) async throws {
        guard samples.count >= 2 * Self.folds else { return }
        let models = (0..<Self.folds).map { fold in
            Classifier(training: samples.enumerated().filter { $0.offset % Self.folds != fold }.map(\.element))
        }
        let scores = samples.enumerated().map { place, sample in
            models[place % Self.folds].confidence(sample.features)
        }
        try await client.updateScores(ids: samples.map(\.id), confidences: [Annotator.label: scores])
    }

    private mutating func evaluate(_ model: Classifier, round: Int) async throws -> HoldoutEvaluate.Result {
        var predictions: [HoldoutEvaluate.Prediction] = []
        for image in held {
            let confidence = model.confidence(try await features(image.id))
            predictions.append(HoldoutEvaluate.Prediction(id: image.id, confidence: confidence))
        }
        return try await client.evaluateHoldout(
            label: Annotator.label,
            predictions: predictions,
            reason: "active learning, round \(round)"
        )
    }

    /// What the classifier sees of an image's stored pixels.
    private mutating func features(_ id: Int64) async throws -> [Double] {
        if let known = features[id] { return known }
        let image = try await client.call(LabelsGet(id: id)).image
        guard let ref = image.frameRef, let pixels = try await client.resolve([ref])[0]?.elements(of: UInt8.self) else {
            throw LearnFailure(message: "image \(id) has no gray pixels")
        }
        let made = Classifier.features(of: pixels, side: Picture.side)
        features[id] = made
        return made
    }
}

/// Why learning can't go on.
struct LearnFailure: Error, CustomStringConvertible {
    let message: String

    var description: String { message }
}

/// One round's line.
struct Report: CustomStringConvertible {
    let round: Int
    let labels: Int
    let result: HoldoutEvaluate.Result
    let issues: Int

    var description: String {
        func percent(_ share: Double?) -> String { share.map { String(format: "%5.1f %%", 100 * $0) } ?? "    –  " }
        let interval = result.intervals["accuracy"].map { "(\(percent($0.from)) … \(percent($0.to)))" } ?? ""
        return String(format: "%5d  %6d  ", round, labels)
            + "\(percent(result.accuracy)) \(interval)  \(percent(result.auc))  \(issues)"
    }
}
