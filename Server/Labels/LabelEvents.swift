import NIOCore
import Wire

/// The record of what was labeled, skipped and undone: only ever added to.
enum LabelEvents {
    enum Kind: String {
        case set
        case skip
        case undo
    }

    /// A recorded event that can be undone.
    struct Event {
        let id: Int64
        let imageID: Int64
        let annotator: String
        let serveID: Int64?
        let before: ImageState
        let after: ImageState
    }

    /// What is about to be recorded.
    struct Entry {
        let kind: Kind
        let imageID: Int64
        let annotator: String
        var eventID: String?
        /// Seconds that the annotator looked at the image.
        var timeSpent: Double?
        /// The event that this one takes back.
        var undone: Event?
    }

    /// The answer that an event got when it was first applied, if it was.
    ///
    /// - Parameters:
    ///   - image: The image that the event is about, nil for whichever it was.
    ///   - annotator: Whose event it is, nil for whose it was.
    static func answer<Answer: Decodable>(
        to eventID: String?,
        _ kind: Kind,
        image: Int64?,
        annotator: String?,
        as type: Answer.Type,
        _ access: Access,
        _ connection: Connection
    ) throws -> Answer? {
        guard let eventID else { return nil }
        guard (1...128).contains(eventID.utf8.count) else {
            throw WireError.invalidParams("event_id must have 1 to 128 bytes")
        }
        let known = try connection.first(
            "SELECT kind, answer, image_id, annotator FROM label_event_log WHERE event_id = ?",
            eventID
        ) { (kind: $0.string(0), answer: $0.string(1), image: $0.integer(2), annotator: $0.string(3)) }
        guard let known else { return nil }
        guard known.kind == kind.rawValue, image ?? known.image == known.image,
            annotator ?? known.annotator == known.annotator
        else {
            throw WireError(
                "event_id_reused",
                "event_id \"\(eventID)\" was used for a \(known.kind) event of image \(known.image); every event needs one of its own, such as a UUID"
            )
        }
        try Vault.checkRole(access, toJudge: known.image, connection)
        return try JSONCoding.decode(type, from: ByteBuffer(string: known.answer))
    }

    static func record(
        _ entry: Entry,
        before: ImageState,
        after: ImageState,
        serveID: Int64?,
        answer: some Encodable,
        _ transaction: WriteTransaction
    ) throws {
        try transaction.connection.execute(
            """
            INSERT INTO label_event_log
            (id, image_id, kind, annotator, at, before, after, time_spent, serve_id, undoes, event_id, answer)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            try lastID(transaction.connection) + 1,
            entry.imageID,
            entry.kind.rawValue,
            entry.annotator,
            transaction.timestamp,
            try text(before),
            try text(after),
            entry.timeSpent,
            serveID,
            entry.undone?.id,
            entry.eventID,
            try text(answer)
        )
    }

    /// Counts labels that were set while the trigger that counts events was suspended.
    static func count(_ labels: Int, by annotator: String, _ transaction: WriteTransaction) throws {
        guard labels > 0 else { return }
        try transaction.connection.execute(
            """
            INSERT INTO label_activity (hour, annotator, labels) VALUES (unixepoch(?1) / 3600, ?2, ?3)
            ON CONFLICT (hour, annotator) DO UPDATE SET labels = labels + excluded.labels
            """,
            transaction.timestamp,
            annotator,
            labels
        )
        try transaction.connection.execute(
            """
            INSERT INTO label_annotators (annotator, labels) VALUES (?1, ?2)
            ON CONFLICT (annotator) DO UPDATE SET labels = labels + excluded.labels
            """,
            annotator,
            labels
        )
    }

    /// The last event id that is taken, 0 at first.
    static func lastID(_ connection: Connection) throws -> Int64 {
        try connection.first(
            """
            SELECT max(coalesce((SELECT max(id) FROM label_event_log), 0),
                coalesce((SELECT max(id) FROM label_event_blocks), 0))
            """
        ) { $0.integer(0) } ?? 0
    }

    /// The last event of an annotator or of an image that is not undone.
    static func last(annotator: String?, image: Int64?, _ connection: Connection) throws -> Event? {
        let (column, value): (String, any SQLConvertible) =
            image.map { ("image_id", $0) } ?? ("annotator", annotator ?? "")
        // One by one, because the view of both would have to be sorted.
        let events = try [
            ("serve_id", "label_event_log", "kind != 'undo'", "id"),
            ("NULL", "label_block_events", "TRUE", "block_id DESC, image_id"),
        ].compactMap { serveID, source, condition, order in
            try connection.first(
                """
                SELECT id, image_id, annotator, \(serveID), before, after FROM \(source) AS event
                WHERE \(column) = ? AND \(condition)
                AND NOT EXISTS (SELECT 1 FROM label_event_log WHERE undoes = event.id) ORDER BY \(order) DESC LIMIT 1
                """,
                value,
                read: event
            )
        }
        return events.max { $0.id < $1.id }
    }

    private static func event(_ row: Row) throws -> Event {
        Event(
            id: row.integer(0),
            imageID: row.integer(1),
            annotator: row.string(2),
            serveID: row.optionalInteger(3),
            before: try JSONCoding.decode(ImageState.self, from: ByteBuffer(string: row.string(4))),
            after: try JSONCoding.decode(ImageState.self, from: ByteBuffer(string: row.string(5)))
        )
    }

    static func text(_ value: some Encodable) throws -> String {
        String(buffer: try JSONCoding.encode(value))
    }
}
