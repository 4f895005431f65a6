import Wire

/// Writes labels of images that nobody has judged yet, many at once, as ``Labels`` would one by one. For one transaction,
/// while the triggers of `labels` and `label_event_log` are suspended.
struct LabelImport {
    /// What became of a row.
    enum Outcome {
        case done(isNew: Bool)
        /// Held out: registered if it was new, and not labeled.
        case heldOut(isNew: Bool)
        /// The image was judged, served or scored before, and must be labeled in the ordinary way.
        case judged(Int64)
        case rejected(WireError)
    }

    /// Images that were there and are labeled now.
    private(set) var labeled: [Int64] = []
    private let settings: LabelSettings
    /// Where the import's labels are among those of the settings.
    private let places: [Int]
    private let annotator: String
    private let transaction: WriteTransaction
    private let newImages: RowInsertion
    private let find: Statement
    private let update: Statement
    private let recordEvent: Statement
    private let newOpinions: RowInsertion
    private var tally: ImportTally
    private var lastEventID: Int64
    private var block: LabelEventBlock?
    /// What the annotator says of the images that are labeled, as in the rows.
    private var opinions: [(image: Int64, values: [Int?])] = []

    /// - Parameter names: The labels of the import, in the order of the settings.
    init(_ settings: LabelSettings, names: [String], annotator: String, _ transaction: WriteTransaction) throws {
        self.settings = settings
        self.annotator = annotator
        self.transaction = transaction
        places = names.compactMap { name in settings.labels.firstIndex { $0.name == name } }
        let connection = transaction.connection
        let has = settings.labels.map { "has_\($0.name)" }
        newImages = try RowInsertion(
            into: "labels",
            ["filename", "study_id", "frame_number", "split", "tiebreak", "labeled_at"] + names.map { "has_\($0)" },
            conflict: "ON CONFLICT (filename) DO NOTHING",
            connection
        )
        find = try connection.statement(
            """
            SELECT id, study_id, split, outcome, skipped_at IS NOT NULL, (\(has.joined(separator: ", "))) IS NOT (\(has.map { _ in "NULL" }.joined(separator: ", ")))
            OR EXISTS (SELECT 1 FROM label_events WHERE image_id = labels.id)
            OR EXISTS (SELECT 1 FROM label_serves WHERE image_id = labels.id)
            OR EXISTS (SELECT 1 FROM label_scores WHERE image_id = labels.id)
            FROM labels WHERE filename = ?
            """
        )
        update = try connection.statement(
            """
            UPDATE labels SET outcome = NULL, skipped_at = NULL, split = ?, labeled_at = ?,
            \(has.map { "\($0) = ?" }.joined(separator: ", ")) WHERE id = ?
            """
        )
        recordEvent = try connection.statement(
            """
            INSERT INTO label_event_log (id, image_id, kind, annotator, at, before, after, answer)
            VALUES (?, ?, 'set', ?, ?, ?, ?, '{}')
            """
        )
        newOpinions = try RowInsertion(
            into: "label_judgements",
            ["image_id", "annotator"] + names.flatMap { ["has_\($0)", "at_\($0)"] },
            connection
        )
        tally = ImportTally(settings, time: transaction.timestamp)
        lastEventID = try LabelEvents.lastID(connection)
    }

    /// Writes rows, unless their images need the ordinary way; says what became of each.
    mutating func write(_ rows: [LabelImportRow]) throws -> [Outcome] {
        let refusals = rows.map(refusal)
        var nextID = try transaction.connection.first("SELECT max(id) FROM labels") { $0.integer(0) + 1 } ?? 1
        let registered = try register(zip(rows, refusals).filter { $1 == nil }.map { $0.0 })
        defer { find.reset() }
        return try zip(rows, refusals).map { row, refusal in
            // New images have ids in the order of the rows: another id is that of an image that was there.
            if registered < rows.count {
                find.reset()
                try find.bind(1, row.filename)
                let isThere = try find.step()
                if !isThere, let refusal { return .rejected(refusal) }
                guard isThere else { throw WireError(.internalError, "an image that was just registered is not there") }
                if find.row.integer(0) != nextID { return try writeKnown(row) }
            }
            defer { nextID += 1 }
            return try writeNew(row, nextID)
        }
    }

    private func refusal(_ row: LabelImportRow) -> WireError? {
        do {
            try Labels.check(filename: row.filename)
            try Labels.check(studyID: row.studyID, of: row.filename, settings)
            return nil
        } catch {
            return error as? WireError
        }
    }

    // MARK: Images

    /// Registers those images that are new, with their labels, and says how many they are.
    private func register(_ rows: [LabelImportRow]) throws -> Int {
        let time = transaction.timestamp
        return try newImages.insert(Array(zip(rows, Sampler.tiebreaks(rows.count)))) { image, statement, position in
            let (row, tiebreak) = image
            try statement.bind(position, row.filename)
            try statement.bind(position + 1, row.studyID)
            try statement.bind(position + 2, row.frameNumber.sqlValue)
            try statement.bind(position + 3, row.splitIfNew)
            try statement.bind(position + 4, tiebreak)
            try statement.bind(position + 5, row.isLabeledIfNew ? time : nil)
            for (place, value) in row.values.enumerated() {
                try statement.bind(position + 6 + Int32(place), (row.isLabeledIfNew ? value : nil).sqlValue)
            }
        }
    }

    /// Records and counts an image that was registered.
    private mutating func writeNew(_ row: LabelImportRow, _ id: Int64) throws -> Outcome {
        let after = facts(row.isLabeledIfNew ? row.values : [], split: row.splitIfNew)
        let kind = tally.count(ImportTally.Change(before: nil, after: after))
        if let studyID = row.studyID { tally.count(row.splitIfNew, in: studyID, isNew: true) }
        if row.isLabeledIfNew {
            try recordInBlock(id, kind)
            opinions.append((id, row.values))
        }
        return row.isHoldout ? .heldOut(isNew: true) : .done(isNew: true)
    }

    /// Labels the image that was found, unless it needs the ordinary way.
    private mutating func writeKnown(_ row: LabelImportRow) throws -> Outcome {
        let (id, image) = (find.row.integer(0), find.row)
        let split = image.optionalString(2)
        guard split != "test" else { return .heldOut(isNew: false) }
        guard !row.isEmpty else { return .done(isNew: false) }
        guard image.int(5) == 0 else { return .judged(id) }
        let studyID = image.optionalString(1)
        let before = ImportTally.Facts(
            labels: settings.labels.map { _ in nil },
            outcome: image.optionalString(3),
            isSkipped: image.int(4) != 0,
            split: split
        )
        find.reset()
        try label(id, studyID, row, before)
        return .done(isNew: false)
    }

    private mutating func label(
        _ id: Int64,
        _ studyID: String?,
        _ row: LabelImportRow,
        _ before: ImportTally.Facts
    ) throws {
        let key = settings.splitBy == .study ? studyID ?? "" : row.filename
        let split = before.split ?? settings.trainingSplit(key)
        let change = ImportTally.Change(before: before, after: facts(row.values, split: split))
        try update.bind(1, split)
        try update.bind(2, transaction.timestamp)
        for (index, value) in change.after.labels.enumerated() { try update.bind(Int32(3 + index), value.sqlValue) }
        try update.bind(Int32(3 + settings.labels.count), id)
        try update.execute()
        let kind = tally.count(change)
        if before.split == nil, let studyID { tally.count(split, in: studyID, isNew: false) }
        try record(id, kind)
        opinions.append((id, row.values))
        labeled.append(id)
    }

    private func facts(_ values: [Int?], split: String?) -> ImportTally.Facts {
        var labels = [Int?](repeating: nil, count: settings.labels.count)
        for (place, value) in zip(places, values) { labels[place] = value }
        return ImportTally.Facts(labels: labels, split: split)
    }

    // MARK: What is said of them

    private mutating func record(_ id: Int64, _ kind: Int) throws {
        let state = try tally.state(of: kind)
        lastEventID += 1
        try recordEvent.bind(1, lastEventID)
        try recordEvent.bind(2, id)
        try recordEvent.bind(3, annotator)
        try recordEvent.bind(4, transaction.timestamp)
        try recordEvent.bind(5, state.before)
        try recordEvent.bind(6, state.after)
        try recordEvent.execute()
    }

    /// Records the first event of an image, which is new, so that all images between two of these are new, too.
    private mutating func recordInBlock(_ id: Int64, _ kind: Int) throws {
        let state = try tally.state(of: kind)
        if block?.add(id, state) ?? false { return }
        try writeBlock()
        var next = LabelEventBlock(from: id)
        _ = next.add(id, state)
        block = next
    }

    private mutating func writeBlock() throws {
        try block?.write(after: &lastEventID, annotator: annotator, transaction)
        block = nil
    }

    /// Writes what was gathered, and brings all counts up to what was written.
    mutating func finish() throws {
        try writeBlock()
        let time = transaction.timestamp
        _ = try newOpinions.insert(opinions) { said, statement, position in
            try statement.bind(position, said.image)
            try statement.bind(position + 1, annotator)
            for (place, value) in said.values.enumerated() {
                try statement.bind(position + 2 + Int32(2 * place), value.sqlValue)
                try statement.bind(position + 3 + Int32(2 * place), value == nil ? nil : time)
            }
        }
        try tally.write(transaction.connection)
        try LabelEvents.count(opinions.count, by: annotator, transaction)
    }
}
