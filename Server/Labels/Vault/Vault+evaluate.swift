import Crypto
import NIOCore
import Wire

extension Labels {
    private static let mostPredictions = 1_000_000

    /// `holdout.evaluate`
    func holdoutEvaluate(
        _ parameters: HoldoutEvaluate
    ) throws -> @Sendable (WriteTransaction) throws -> HoldoutEvaluate.Result {
        let label = try label(parameters.label)
        let threshold = parameters.threshold ?? 0.5
        guard (0...1).contains(threshold) else {
            throw WireError.invalidParams("params.threshold is \(threshold); it must be within 0 … 1")
        }
        let reason = parameters.reason.trimmingPrefix(while: \.isWhitespace)
        guard !reason.isEmpty, reason.utf8.count <= 2000 else {
            throw WireError.invalidParams("params.reason must say why the model is measured, in at most 2 000 bytes")
        }
        let confidences = try confidences(parameters.predictions)
        return { [holdoutLooks] transaction in
            let connection = transaction.connection
            let made = try connection.first("SELECT count(*) FROM holdout_ledger") { $0.int(0) } ?? 0
            if let holdoutLooks, made >= holdoutLooks {
                throw WireError(
                    "budget_exhausted",
                    "the hold-out was looked at \(made) times, and \(holdoutLooks) are allowed: each look wears it out"
                )
            }
            let samples = try samples(label, confidences, connection)
            var result = Evaluation(samples, threshold: threshold).result
            result.look = made + 1
            try connection.execute(
                """
                INSERT INTO holdout_ledger (look, at, label, reason, n, threshold, predictions_sha256, result)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
                result.look,
                transaction.timestamp,
                label.name,
                String(reason),
                result.n,
                threshold,
                Self.digest(samples),
                String(buffer: try JSONCoding.encode(result))
            )
            return result
        }
    }

    private func confidences(_ predictions: [HoldoutEvaluate.Prediction]) throws -> [Int64: Double] {
        guard predictions.count <= Self.mostPredictions else {
            throw WireError.invalidParams("params.predictions has more than \(Self.mostPredictions) entries")
        }
        var confidences: [Int64: Double] = [:]
        for (index, prediction) in predictions.enumerated() {
            guard (0...1).contains(prediction.confidence) else {
                throw WireError.invalidParams(
                    "params.predictions[\(index)].confidence is \(prediction.confidence); it must be within 0 … 1"
                )
            }
            guard confidences.updateValue(prediction.confidence, forKey: prediction.id) == nil else {
                throw WireError.invalidParams("params.predictions has image \(prediction.id) twice")
            }
        }
        return confidences
    }

    /// The held-out images that have the label, each with its prediction: a score of fewer could be one label's.
    private func samples(
        _ label: LabelSettings.Label,
        _ confidences: [Int64: Double],
        _ connection: Connection
    ) throws -> [Evaluation.Sample] {
        let held = try connection.rows(
            """
            SELECT id, has_\(label.name), coalesce(study_id, filename) FROM labels INDEXED BY labels_test
            WHERE split = 'test' ORDER BY id
            """
        ) { (id: $0.integer(0), label: $0.optionalInteger(1), study: $0.string(2)) }
        let known = Set(held.map(\.id))
        if let stranger = confidences.keys.filter({ !known.contains($0) }).min() {
            throw WireError.invalidParams("params.predictions has image \(stranger), which is not held out")
        }
        let labeled = held.filter { $0.label != nil }
        guard !labeled.isEmpty else {
            throw WireError(
                "nothing_to_evaluate",
                "no held-out image has the label \(label.name); label some on the dashboard (Review, Hold-out) or with holdout.next"
            )
        }
        let samples = labeled.compactMap { image in
            confidences[image.id].map {
                Evaluation.Sample(id: image.id, isPositive: image.label == 1, confidence: $0, study: image.study)
            }
        }
        guard samples.count == labeled.count else {
            throw WireError(
                "incomplete_predictions",
                "\(labeled.count - samples.count) of \(labeled.count) labeled held-out images have no prediction; give one for each image of holdout.images",
                details: ["missing": .integer(Int64(labeled.count - samples.count))]
            )
        }
        return samples
    }

    private static func digest(_ samples: [Evaluation.Sample]) -> String {
        var hash = SHA256()
        for sample in samples { hash.update(data: Array("\(sample.id):\(sample.confidence)\n".utf8)) }
        return Snapshots.hex(hash.finalize())
    }

    private struct LookKey: Codable {
        let look: Int64
    }

    /// `holdout.ledger`
    func holdoutLedger(_ parameters: HoldoutLedger) async throws -> HoldoutLedger.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let end = try Page.key(LookKey.self, of: parameters.cursor)?.look ?? Int64.max
        return try await catalog.read { [holdoutLooks] connection in
            let looks = try connection.rows(
                """
                SELECT at, label, reason, threshold, predictions_sha256, result FROM holdout_ledger
                WHERE look < ? ORDER BY look DESC LIMIT ?
                """,
                [end, limit + 1]
            ) { row in
                HoldoutLedger.Entry(
                    at: Timestamp.seconds(row.string(0)) ?? 0,
                    label: row.string(1),
                    reason: row.string(2),
                    threshold: row.double(3),
                    predictionsSHA256: row.string(4),
                    result: try JSONCoding.decode(from: ByteBuffer(string: row.string(5)))
                )
            }
            let made = try connection.first("SELECT count(*) FROM holdout_ledger") { $0.int(0) } ?? 0
            let isCut = looks.count > limit
            return HoldoutLedger.Result(
                looks: Array(looks.prefix(limit)),
                remaining: holdoutLooks.map { max(0, $0 - made) },
                cursor: isCut ? try Page.cursor(LookKey(look: Int64(looks[limit - 1].result.look))) : nil
            )
        }
    }
}
