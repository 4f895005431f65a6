import Holdfast
import Shapes

/// Pictures, their features, a model of what is labeled, and what it predicts: each computed once for what it depends on.
struct Pipeline {
    private static let study = "study"

    private static let extraction = Thunk("extractFeatures", Steps.extractFeatures)
    private static let training = Thunk("trainModel", Steps.trainModel)
    private static let prediction = Thunk("predict", Steps.predict)

    private let client: HoldfastClient
    private let annotator: Annotator

    /// Draws pictures, registers them as images to label, and saves them study by study.
    init(client: HoldfastClient, drawing count: Int, seed: UInt64) async throws {
        self.client = client
        annotator = try await Annotator(client: client, drawing: count, seed: seed)
        let studies = Dictionary(grouping: annotator.pictures) { $0.value.number / 10 }
        for (study, pictures) in studies.sorted(by: { $0.key < $1.key }) {
            let sorted = pictures.sorted { $0.key < $1.key }
            let pixels = try ArrayValue(
                sorted.flatMap(\.value.pixels),
                shape: [sorted.count, Picture.side, Picture.side]
            )
            try await client.save(
                Pictures(ids: sorted.map(\.key), pixels: pixels),
                at: [Self.study: .integer(Int64(study))]
            )
        }
    }

    /// What a pass of the pipeline computed, and what it found stored.
    struct Pass: CustomStringConvertible {
        let labels: Int
        let features: BatchReport
        let model: Record<Model>
        let wasModelHit: Bool
        let predictions: BatchReport

        var description: String {
            "\(labels) labels: features \(Self.counts(features)), model \(wasModelHit ? "hit" : "done") "
                + "\(model.recordID), predictions \(Self.counts(predictions))"
        }

        private static func counts(_ report: BatchReport) -> String {
            "\(report.counts[.done] ?? 0) done \(report.counts[.hit] ?? 0) hit"
        }
    }

    /// Labels images, then computes whatever depends on them.
    func pass(labeling count: Int) async throws -> Pass {
        if count > 0 { try await annotator.label(count, strategy: "balanced") }
        let labels = try await snapshot()
        let features = try await Self.extraction.forEach(
            .variable(Pictures.self),
            where: .existing(Self.study),
            client: client
        ).run(parallel: 4)
        try features.throwFirst()
        var all: [Record<Features>] = []
        for try await record in client.loadAll(Features.self) { all.append(record) }
        let made = try await Self.training(all, labels, client: client)
        let model = try await client.save(made, at: ["model": "shapes"])
        let predictions = try await Self.prediction.forEach(
            try .constant(model),
            .variable(Features.self),
            where: .existing(Self.study),
            client: client
        ).run(parallel: 4)
        try predictions.throwFirst()
        try await tell(predictions)
        return Pass(
            labels: labels.value.ids.count,
            features: features,
            model: model,
            wasModelHit: made.wasHit,
            predictions: predictions
        )
    }

    /// Freezes what is labeled, so that it can be told later what the model was trained on.
    private func snapshot() async throws -> Record<TrainingSet> {
        let snapshot = try await client.createSnapshot()
        var labels: [Int64: Bool] = [:]
        for try await row in client.trainVal() {
            guard case .integer(let id)? = row["id"], case .integer(let value)? = row["has_\(Annotator.label)"] else {
                continue
            }
            labels[id] = value == 1
        }
        let sorted = labels.sorted { $0.key < $1.key }
        let set = TrainingSet(ids: sorted.map(\.key), isDisc: sorted.map(\.value))
        return try await client.save(set, at: ["snapshot": .string(snapshot.snapshotID)])
    }

    /// Tells the server what the model thinks, by which it chooses the next images to label.
    private func tell(_ predictions: BatchReport) async throws {
        for entry in predictions.entries {
            for id in entry.recordIDs {
                let made = try await client.load(Predictions.self, version: id).value
                try await client.updatePredictions(ids: made.ids, confidences: [Annotator.label: made.confidences])
            }
        }
    }
}
