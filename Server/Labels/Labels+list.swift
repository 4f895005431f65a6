import Wire

extension Labels {
    private struct Key: Codable {
        let id: Int64
    }

    typealias Fields = [String: JSONValue]

    /// `labels.list`
    func list(_ parameters: LabelsList) async throws -> LabelsList.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let (conditions, arguments) = try conditions(parameters)
        let (images, cursor) = try await page(conditions, arguments, parameters.cursor, limit)
        return LabelsList.Result(images: images, cursor: cursor)
    }

    /// `labels.train_val`
    func trainVal(_ parameters: LabelsTrainVal) async throws -> LabelsTrainVal.Result {
        let limit = try Page.limit(parameters.limit, default: 1000, maximum: 10_000)
        // Left to itself SQLite takes the index of splits, and sorts all images of both for each page.
        let source = "labels INDEXED BY labels_train_val"
        let (images, cursor) = try await page(of: source, [settings.trainVal], [], parameters.cursor, limit)
        return LabelsTrainVal.Result(
            train: images.filter { $0["split"] == .string("train") },
            val: images.filter { $0["split"] == .string("val") },
            cursor: cursor
        )
    }

    /// `labels.get`
    func get(_ parameters: LabelsGet, _ access: Access) async throws -> LabelsGet.Result {
        try await catalog.read { [settings] connection in
            guard let (image, isHoldout) = try Self.anyImage(parameters.id, connection),
                let judged = try JudgedImage.read(parameters.id, annotator: "", settings, connection)
            else { throw WireError.notFound("image \(parameters.id) does not exist") }
            guard !isHoldout else {
                // Whoever measures a model needs the pixels, never the labels.
                let told =
                    access.allows(.holdout)
                    ? image
                    : LabelImage(
                        id: image.id,
                        filename: "",
                        studyID: nil,
                        frameNumber: nil,
                        frameRef: nil,
                        thumbnail: nil
                    )
                return LabelsGet.Result(image: told, isHoldout: true, labels: nil, outcome: nil, labeledAt: nil)
            }
            return LabelsGet.Result(
                image: image,
                isHoldout: false,
                labels: judged.state.labels,
                outcome: judged.state.outcome,
                labeledAt: judged.state.labeledAt.flatMap(Timestamp.seconds)
            )
        }
    }

    /// A page of images by id, and where the next one begins.
    func page(
        of source: String = "labels",
        _ conditions: [String],
        _ arguments: [SQLValue],
        _ cursor: String?,
        _ limit: Int
    ) async throws -> ([Fields], String?) {
        let start = try Page.key(Key.self, of: cursor)?.id ?? 0
        let columns = settings.columns
        let sql = """
            SELECT \(columns.joined(separator: ", ")) FROM \(source)
            WHERE \((conditions + ["id > ?"]).joined(separator: " AND ")) ORDER BY id LIMIT \(limit + 1)
            """
        let images = try await catalog.read { connection in
            try connection.rows(sql, arguments + [.integer(start)]) { try Self.fields($0, columns) }
        }
        guard images.count > limit, case .integer(let last)? = images[limit - 1]["id"] else { return (images, nil) }
        return (Array(images.prefix(limit)), try Page.cursor(Key(id: last)))
    }

    private func conditions(_ parameters: LabelsList) throws -> ([String], [SQLValue]) {
        var conditions = ["split IS NOT 'test'"]
        var arguments: [SQLValue] = []
        func require(_ condition: String, _ values: SQLValue...) {
            conditions.append(condition)
            arguments += values
        }
        if let split = parameters.split {
            guard split == "train" || split == "val" else {
                throw WireError.invalidParams("params.split is \"\(split.prefix(20))\"; it can be train or val")
            }
            require("split = ?", .text(split))
        }
        if let study = parameters.studyID { require("study_id = ?", .text(study)) }
        if let labeled = parameters.labeled {
            let any = settings.labels.map { "has_\($0.name) IS NOT NULL" }.joined(separator: " OR ")
            require(labeled ? "(\(any))" : "NOT (\(any))")
        }
        for (name, value) in (parameters.filters ?? [:]).sorted(by: { $0.key < $1.key }) {
            let column = "has_\(try label(name).name)"
            guard value.map((0...1).contains) ?? true else {
                throw WireError.invalidParams(
                    "params.where.\(name.prefix(100)) is \(value ?? 0); it can be 0, 1 or null"
                )
            }
            require("\(column) IS ?", value.sqlValue)
        }
        for (name, range) in (parameters.confidence ?? [:]).sorted(by: { $0.key < $1.key }) {
            let column = "confidence_\(try label(name).shortName)"
            require("\(column) BETWEEN ? AND ?", .real(range.from ?? 0), .real(range.to ?? 1))
        }
        if let annotator = parameters.annotator {
            require(
                "EXISTS (SELECT 1 FROM label_opinions WHERE annotator = ? AND image_id = labels.id)",
                .text(annotator)
            )
        }
        if let outcome = parameters.outcome { require("outcome = ?", .text(outcome.rawValue)) }
        if let text = parameters.text { require("instr(filename, ?) > 0", .text(text)) }
        return (conditions, arguments)
    }

    private static func fields(_ row: Row, _ columns: [String]) throws -> Fields {
        var fields: Fields = [:]
        for (index, column) in columns.enumerated() {
            switch row.value(Int32(index)) {
            case .integer(let number): fields[column] = .integer(number)
            case .real(let number): fields[column] = .number(number)
            case .text(let text) where column.hasSuffix("_at"): fields[column] = .number(Timestamp.seconds(text) ?? 0)
            case .text(let text): fields[column] = .string(text)
            case .null, .blob: fields[column] = .null
            }
        }
        // The queries leave test rows out; a bug there must not become a leak.
        guard fields["split"] != .string("test") else {
            throw WireError(.holdoutLeak, "a held-out image was about to be listed; the answer is withheld")
        }
        return fields
    }
}

extension LabelSettings {
    /// The columns of the table `labels` that are told and exported.
    var columns: [String] {
        ["id", "filename", "study_id", "thumbnail_path", "frame_number"] + labels.map { "has_\($0.name)" }
            + ["labeled_at"] + labels.map { "confidence_\($0.shortName)" }
            + ["predicted_at", "split", "frame_ref", "outcome"]
    }
}
