import Wire

extension Labels {
    /// Confidences of one image, by the place of a label among the settings' labels; nil leaves one as it is.
    private struct Confidences: Sendable {
        let id: Int64
        let values: [Double?]
    }

    /// `labels.update_predictions`
    func updatePredictions(
        _ parameters: LabelsUpdatePredictions
    ) throws -> @Sendable (WriteTransaction) throws -> LabelsUpdatePredictions.Result {
        let rows = try confidences(parameters.predictions, parameters.ids, parameters.confidences, "predictions")
        let assignments = settings.labels.map { "confidence_\($0.shortName) = coalesce(?, confidence_\($0.shortName))" }
        let update = "UPDATE labels SET \(assignments.joined(separator: ", ")), predicted_at = ? WHERE id = ?"
        return { transaction in
            let connection = transaction.connection
            var result = LabelsUpdatePredictions.Result(
                updated: 0,
                skippedLabeled: 0,
                skippedHoldout: 0,
                unknown: []
            )
            for row in rows {
                switch try standing(row.id, connection) {
                case .unknown: result.unknown.append(row.id)
                case .heldOut: result.skippedHoldout += 1
                case .known(let labels) where labels.contains { $0 != nil }: result.skippedLabeled += 1
                case .known:
                    let statement = try connection.statement(update)
                    let values: [any SQLConvertible] = row.values
                    try statement.bind(values + [transaction.timestamp, row.id] as [any SQLConvertible])
                    try statement.execute()
                    result.updated += 1
                }
            }
            return result
        }
    }

    /// `labels.update_scores`
    func updateScores(
        _ parameters: LabelsUpdateScores
    ) throws -> @Sendable (WriteTransaction) throws -> LabelsUpdateScores.Result {
        let rows = try confidences(parameters.scores, parameters.ids, parameters.confidences, "scores")
        return { transaction in
            let connection = transaction.connection
            var result = LabelsUpdateScores.Result(updated: 0, skippedUnlabeled: 0, skippedHoldout: 0, unknown: [])
            for row in rows {
                switch try standing(row.id, connection) {
                case .unknown: result.unknown.append(row.id)
                case .heldOut: result.skippedHoldout += 1
                case .known(let labels):
                    var isScored = false
                    for (place, label) in settings.labels.enumerated() {
                        guard let score = row.values[place], let given = labels[place] else { continue }
                        try LabelScores.write(
                            score,
                            label.name,
                            image: row.id,
                            given: given,
                            at: transaction.timestamp,
                            connection
                        )
                        isScored = true
                    }
                    if isScored { result.updated += 1 } else { result.skippedUnlabeled += 1 }
                }
            }
            return result
        }
    }

    private enum Standing {
        case unknown
        case heldOut
        case known([Int?])
    }

    private func standing(_ id: Int64, _ connection: Connection) throws -> Standing {
        let columns = settings.labels.map { "has_\($0.name)" }.joined(separator: ", ")
        return try connection.first("SELECT split, \(columns) FROM labels WHERE id = ?", id) { row in
            if row.optionalString(0) == "test" { return .heldOut }
            return .known(settings.labels.indices.map { row.optionalInteger(Int32($0 + 1)).map { Int($0) } })
        } ?? .unknown
    }

    // MARK: Reading parameters

    private func confidences(
        _ objects: [LabelsUpdatePredictions.Prediction]?,
        _ ids: ArrayValue?,
        _ columns: [String: ArrayValue]?,
        _ name: String
    ) throws -> [Confidences] {
        switch (objects, ids, columns) {
        case (let objects?, nil, nil):
            try objects.enumerated().map { index, object in
                let place = "params.\(name)[\(index)]"
                return Confidences(id: object.id, values: try values(object.confidence, place))
            }
        case (nil, let ids?, let columns?): try confidences(ids, columns)
        default: throw WireError.invalidParams("either params.\(name), or params.ids with params.confidences")
        }
    }

    private func values(_ confidence: [String: Double], _ place: String) throws -> [Double?] {
        var values = [Double?](repeating: nil, count: settings.labels.count)
        for (name, value) in confidence {
            let label = try label(name)
            guard (0...1).contains(value) else {
                throw WireError.invalidParams("\(place).confidence.\(name) is \(value); it must be within 0 … 1")
            }
            values[settings.labels.firstIndex(of: label) ?? 0] = value
        }
        guard !confidence.isEmpty else { throw WireError.invalidParams("\(place).confidence is empty") }
        return values
    }

    private func confidences(_ ids: ArrayValue, _ columns: [String: ArrayValue]) throws -> [Confidences] {
        guard ids.shape.count == 1, let ids = ids.integers() else {
            throw WireError.invalidParams(
                "params.ids must be integers of shape [N], got \(ids.dtype.rawValue)\(ids.shape)"
            )
        }
        guard !columns.isEmpty else { throw WireError.invalidParams("params.confidences is empty") }
        var rows = [[Double?]](
            repeating: [Double?](repeating: nil, count: settings.labels.count),
            count: ids.count
        )
        for (name, column) in columns {
            let place = settings.labels.firstIndex(of: try label(name)) ?? 0
            guard column.shape == [ids.count], [.float32, .float64].contains(column.dtype),
                let values = column.doubles()
            else {
                throw WireError.invalidParams(
                    "params.confidences.\(name) must be float32 or float64 of shape [\(ids.count)], got \(column.dtype.rawValue)\(column.shape)"
                )
            }
            for (row, value) in values.enumerated() {
                guard (0...1).contains(value) else {
                    throw WireError.invalidParams(
                        "params.confidences.\(name)[\(row)] is \(value); it must be within 0 … 1"
                    )
                }
                rows[row][place] = value
            }
        }
        return zip(ids, rows).map { Confidences(id: $0, values: $1) }
    }
}
