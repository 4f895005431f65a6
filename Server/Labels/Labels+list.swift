import Wire

extension Labels {
    private struct Key: Codable {
        let id: Int64
    }

    /// `labels.list`
    func list(_ parameters: LabelsList) async throws -> LabelsList.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        var (conditions, arguments) = try conditions(parameters)
        conditions.append("id > ?")
        arguments.append(.integer(try Page.key(Key.self, of: parameters.cursor)?.id ?? 0))
        let columns = columns
        let sql = """
            SELECT \(columns.joined(separator: ", ")) FROM labels WHERE \(conditions.joined(separator: " AND "))
            ORDER BY id LIMIT \(limit + 1)
            """
        let values = arguments
        let images = try await catalog.read { connection in
            try connection.rows(sql, values) { try Self.fields($0, columns) }
        }
        var last: Int64?
        if images.count > limit, case .integer(let id)? = images[limit - 1]["id"] { last = id }
        return LabelsList.Result(
            images: Array(images.prefix(limit)),
            cursor: try last.map { try Page.cursor(Key(id: $0)) }
        )
    }

    private var columns: [String] {
        ["id", "filename", "study_id", "thumbnail_path", "frame_number"] + settings.labels.map { "has_\($0.name)" }
            + ["labeled_at"] + settings.labels.map { "confidence_\($0.shortName)" }
            + ["predicted_at", "split", "frame_ref", "outcome"]
    }

    private func conditions(_ parameters: LabelsList) throws -> ([String], [SQLValue]) {
        var conditions = ["split IS NOT 'test'"]
        var arguments: [SQLValue] = []
        if let split = parameters.split {
            guard split == "train" || split == "val" else {
                throw WireError.invalidParams("params.split is \"\(split.prefix(20))\"; it can be train or val")
            }
            conditions.append("split = ?")
            arguments.append(.text(split))
        }
        if let study = parameters.studyID {
            conditions.append("study_id = ?")
            arguments.append(.text(study))
        }
        if let labeled = parameters.labeled {
            let any = settings.labels.map { "has_\($0.name) IS NOT NULL" }.joined(separator: " OR ")
            conditions.append(labeled ? "(\(any))" : "NOT (\(any))")
        }
        for (name, value) in (parameters.filters ?? [:]).sorted(by: { $0.key < $1.key }) {
            conditions.append("has_\(try label(name).name) IS ?")
            arguments.append(value.sqlValue)
        }
        if let text = parameters.text {
            conditions.append("instr(filename, ?) > 0")
            arguments.append(.text(text))
        }
        return (conditions, arguments)
    }

    private static func fields(_ row: Row, _ columns: [String]) throws -> [String: JSONValue] {
        var fields: [String: JSONValue] = [:]
        for (index, column) in columns.enumerated() {
            switch row.value(Int32(index)) {
            case .integer(let number): fields[column] = .integer(number)
            case .real(let number): fields[column] = .number(number)
            case .text(let text) where column.hasSuffix("_at"): fields[column] = .number(Timestamp.seconds(text) ?? 0)
            case .text(let text): fields[column] = .string(text)
            case .null, .blob: fields[column] = .null
            }
        }
        // The query leaves test rows out; a bug there must not become a leak.
        guard fields["split"] != .string("test") else {
            throw WireError(.holdoutLeak, "a held-out image was about to be listed; the answer is withheld")
        }
        return fields
    }
}
