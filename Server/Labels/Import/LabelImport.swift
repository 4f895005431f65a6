import NIOCore
import Wire

/// Writes labels of images that nobody has judged yet, many at once, as ``Labels`` would one by one: the counts that
/// triggers keep row by row are kept in sums. For one transaction, while the triggers of `labels` and `label_events` are
/// suspended.
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

    /// What the counters see of an image.
    private struct Facts: Hashable {
        var labels: [Int?]
        var outcome: String?
        var isSkipped = false
        var split: String?
    }

    private struct Change: Hashable {
        /// nil: the image is new.
        let before: Facts?
        let after: Facts
    }

    private struct StudyCounts {
        var test = 0
        var other = 0
        var train = 0
        var val = 0
    }

    /// Images that were there and are labeled now.
    private(set) var labeled: [Int64] = []
    private let settings: LabelSettings
    /// The labels of the import, in the order of its columns.
    private let names: [String]
    private let places: [Int]
    private let annotator: String
    private let transaction: WriteTransaction
    private let find: Statement
    private let insert: Statement
    private let update: Statement
    private let recordEvent: Statement
    private let recordOpinion: Statement
    private var changes: [Change: Int] = [:]
    private var studies: [[UInt8]: StudyCounts] = [:]
    private var events = 0
    private var texts: [Change: (before: String, after: String)] = [:]
    private var tiebreaks = SeededGenerator(seed: .random(in: 0 ... .max))

    /// - Parameter names: The labels of the import, in the order of the settings.
    init(_ settings: LabelSettings, names: [String], annotator: String, _ transaction: WriteTransaction) throws {
        self.settings = settings
        self.names = names
        self.annotator = annotator
        self.transaction = transaction
        places = names.compactMap { name in settings.labels.firstIndex { $0.name == name } }
        let connection = transaction.connection
        let has = settings.labels.map { "has_\($0.name)" }
        find = try connection.statement(
            """
            SELECT id, study_id, split, outcome, skipped_at IS NOT NULL, (\(has.joined(separator: ", "))) IS NOT (\(has.map { _ in "NULL" }.joined(separator: ", ")))
            OR EXISTS (SELECT 1 FROM label_events WHERE image_id = labels.id)
            OR EXISTS (SELECT 1 FROM label_serves WHERE image_id = labels.id)
            OR EXISTS (SELECT 1 FROM label_scores WHERE image_id = labels.id)
            FROM labels WHERE filename = ?
            """
        )
        insert = try connection.statement(
            """
            INSERT INTO labels (filename, study_id, frame_number, split, tiebreak, labeled_at, \(has.joined(separator: ", ")))
            VALUES (?, ?, ?, ?, ?, ?, \(has.map { _ in "?" }.joined(separator: ", ")))
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
            INSERT INTO label_events (image_id, kind, annotator, at, before, after, answer)
            VALUES (?, 'set', ?, ?, ?, ?, '{}')
            """
        )
        recordOpinion = try connection.statement(
            "INSERT INTO label_opinions (image_id, label, annotator, value, at) VALUES (?, ?, ?, ?, ?)"
        )
    }

    /// Writes a row, unless its image needs the ordinary way.
    mutating func write(_ row: LabelImportRow) throws -> Outcome {
        find.reset()
        try find.bind(1, row.filename)
        guard try find.step() else {
            if let refusal = refusal(row) { return .rejected(refusal) }
            return try insertNew(row)
        }
        let (id, image) = (find.row.integer(0), find.row)
        let split = image.optionalString(2)
        guard split != "test" else { return .heldOut(isNew: false) }
        guard !row.isEmpty else { return .done(isNew: false) }
        guard image.int(5) == 0 else { return .judged(id) }
        let studyID = image.optionalString(1)
        let before = Facts(
            labels: settings.labels.map { _ in nil },
            outcome: image.optionalString(3),
            isSkipped: image.int(4) != 0,
            split: split
        )
        find.reset()
        try label(id, studyID, row, before)
        return .done(isNew: false)
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

    private mutating func insertNew(_ row: LabelImportRow) throws -> Outcome {
        let isLabeled = !row.isHoldout && !row.isEmpty
        let split = row.isHoldout ? "test" : isLabeled ? row.trainingSplit : nil
        let after = facts(isLabeled ? row.values : [], split: split)
        try insert.bind(1, row.filename)
        try insert.bind(2, row.studyID)
        try insert.bind(3, row.frameNumber.sqlValue)
        try insert.bind(4, split)
        try insert.bind(5, Int64.random(in: 0..<Sampler.tiebreakRange, using: &tiebreaks))
        try insert.bind(6, isLabeled ? transaction.timestamp : nil)
        for (index, value) in after.labels.enumerated() { try insert.bind(Int32(7 + index), value.sqlValue) }
        try insert.execute()
        let change = Change(before: nil, after: after)
        changes[change, default: 0] += 1
        if let studyID = row.studyID { count(split, in: studyID, isNew: true) }
        if isLabeled { try record(transaction.connection.lastInsertedRowID, row, change) }
        return row.isHoldout ? .heldOut(isNew: true) : .done(isNew: true)
    }

    private mutating func label(_ id: Int64, _ studyID: String?, _ row: LabelImportRow, _ before: Facts) throws {
        let key = settings.splitBy == .study ? studyID ?? "" : row.filename
        let split = before.split ?? settings.trainingSplit(key)
        let change = Change(before: before, after: facts(row.values, split: split))
        try update.bind(1, split)
        try update.bind(2, transaction.timestamp)
        for (index, value) in change.after.labels.enumerated() { try update.bind(Int32(3 + index), value.sqlValue) }
        try update.bind(Int32(3 + settings.labels.count), id)
        try update.execute()
        changes[change, default: 0] += 1
        if before.split == nil, let studyID { count(split, in: studyID, isNew: false) }
        try record(id, row, change)
        labeled.append(id)
    }

    private func facts(_ values: [Int?], split: String?) -> Facts {
        var labels = [Int?](repeating: nil, count: settings.labels.count)
        for (place, value) in zip(places, values) { labels[place] = value }
        return Facts(labels: labels, split: split)
    }

    private mutating func count(_ split: String?, in studyID: String, isNew: Bool) {
        var counts = studies[Array(studyID.utf8)] ?? StudyCounts()
        if isNew, split == "test" { counts.test += 1 }
        if isNew, split != "test" { counts.other += 1 }
        if split == "train" { counts.train += 1 }
        if split == "val" { counts.val += 1 }
        studies[Array(studyID.utf8)] = counts
    }

    // MARK: What is said of them

    private mutating func record(_ id: Int64, _ row: LabelImportRow, _ change: Change) throws {
        let texts = try texts(of: change)
        try recordEvent.bind(1, id)
        try recordEvent.bind(2, annotator)
        try recordEvent.bind(3, transaction.timestamp)
        try recordEvent.bind(4, texts.before)
        try recordEvent.bind(5, texts.after)
        try recordEvent.execute()
        events += 1
        for (name, value) in zip(names, row.values) {
            guard let value else { continue }
            try recordOpinion.bind(1, id)
            try recordOpinion.bind(2, name)
            try recordOpinion.bind(3, annotator)
            try recordOpinion.bind(4, Int64(value))
            try recordOpinion.bind(5, transaction.timestamp)
            try recordOpinion.execute()
        }
    }

    /// The same for all images that change in the same way.
    private mutating func texts(of change: Change) throws -> (before: String, after: String) {
        if let known = texts[change] { return known }
        let names = settings.labels.map(\.name)
        let labels = Dictionary(uniqueKeysWithValues: zip(names, change.after.labels))
        let before = ImageState(
            labels: labels.mapValues { _ in nil },
            outcome: change.before?.outcome.flatMap(LabelsSet.Outcome.init),
            isSkipped: change.before?.isSkipped ?? false
        )
        let after = ImageState(
            labels: labels,
            isSkipped: false,
            labeledAt: transaction.timestamp,
            opinions: labels.compactMapValues { $0 }
        )
        let made = (before: try LabelEvents.text(before), after: try LabelEvents.text(after))
        texts[change] = made
        return made
    }

    // MARK: Counts

    /// Brings all counts up to what was written.
    func finish() throws {
        find.reset()
        for (change, times) in changes { try count(change, times) }
        for (studyID, counts) in studies {
            let name = String(decoding: studyID, as: UTF8.self)
            // An update, because a study that comes to straddle is noticed by the trigger on updates.
            try transaction.connection.execute("INSERT OR IGNORE INTO label_studies (study_id) VALUES (?)", name)
            try transaction.connection.execute(
                """
                UPDATE label_studies SET test = test + ?2, other = other + ?3, train = train + ?4, val = val + ?5
                WHERE study_id = ?1
                """,
                name,
                counts.test,
                counts.other,
                counts.train,
                counts.val
            )
        }
        try LabelEvents.count(events, by: annotator, transaction)
    }

    private func count(_ change: Change, _ times: Int) throws {
        let connection = transaction.connection
        if change.before == nil { try LabelCounters.add(times, to: "total", connection) }
        if change.before?.split != change.after.split || change.before == nil {
            if let before = change.before {
                try LabelCounters.add(-times, to: LabelCounters.name(ofSplit: before.split), connection)
            }
            try LabelCounters.add(times, to: LabelCounters.name(ofSplit: change.after.split), connection)
        }
        let counters = LabelCounters.judged(settings)
        let after = try memberships(change.after, counters)
        let before = try change.before.map { try memberships($0, counters) } ?? counters.map { _ in 0 }
        for (counter, (before, after)) in zip(counters, zip(before, after)) {
            try LabelCounters.add((after - before) * times, to: counter.name, connection)
        }
    }

    /// For each counter 1 if it counts an image, else 0.
    private func memberships(_ facts: Facts, _ counters: [LabelCounters.Counter]) throws -> [Int] {
        let labels = settings.labels.enumerated().map { "?\($0 + 4) AS has_\($1.name)" }
        let sql = """
            SELECT \(counters.map { $0.condition(of: "image") }.joined(separator: ", "))
            FROM (SELECT ?1 AS outcome, ?2 AS skipped_at, ?3 AS split, \(labels.joined(separator: ", "))) AS image
            """
        let head: [any SQLConvertible] = [facts.outcome, facts.isSkipped ? transaction.timestamp : nil, facts.split]
        return try transaction.connection.rows(sql, head + facts.labels.map { $0 as any SQLConvertible }) { row in
            counters.indices.map { row.int(Int32($0)) }
        }[0]
    }
}
