import NIOCore
import Wire

/// Remembers what each producer has sent, so that a write sent again is answered and not applied.
enum Producers {
    /// How many answers are kept for each producer.
    static let remembered: Int64 = 1024

    static let migrations = [
        Migration(
            "producers",
            script: """
                CREATE TABLE producers (
                    producer TEXT PRIMARY KEY NOT NULL, last_seq INTEGER NOT NULL, updated_at TEXT NOT NULL
                ) STRICT, WITHOUT ROWID;
                CREATE TABLE producer_answers (
                    producer TEXT NOT NULL, seq INTEGER NOT NULL, is_refusal INTEGER NOT NULL, answer BLOB NOT NULL,
                    PRIMARY KEY (producer, seq)
                ) STRICT, WITHOUT ROWID;
                """
        ),
        Migration(
            "methods of producers' answers",
            script: """
                ALTER TABLE producer_answers ADD COLUMN method TEXT;
                -- Of tokens that were given out: only their digests are to be kept.
                DELETE FROM producer_answers WHERE instr(answer, CAST('"token":"hf_' AS BLOB)) > 0;
                """
        ),
    ]

    /// Where a stamped write stands.
    enum Position {
        /// It is the next one.
        case next
        /// It was answered before.
        case answered(Response.Outcome)
    }

    static func lastSeq(_ producer: String, _ connection: Connection) throws -> Int64 {
        try connection.first("SELECT last_seq FROM producers WHERE producer = ?", producer) { $0.integer(0) } ?? 0
    }

    /// - Parameter method: What the write is: a repetition is of the same method.
    static func position(of stamp: ProducerStamp, _ method: String?, _ connection: Connection) throws -> Position {
        let last = try lastSeq(stamp.producer, connection)
        if stamp.seq == last + 1 { return .next }
        guard stamp.seq <= last else {
            throw WireError(
                .sequenceGap,
                "seq \(stamp.seq) of producer \(stamp.producer) came, \(last + 1) is expected next",
                details: ["expected": .integer(last + 1)]
            )
        }
        let answer = try connection.first(
            "SELECT is_refusal, answer, method FROM producer_answers WHERE producer = ? AND seq = ?",
            stamp.producer,
            stamp.seq
        ) { (isRefusal: $0.bool(0), bytes: ByteBuffer(bytes: $0.blob(1)), method: $0.optionalString(2)) }
        if let first = answer?.method, let method, first != method {
            let message =
                "seq \(stamp.seq) of producer \(stamp.producer) was \(first); it can't be used again for \(method)"
            return .answered(.failure(.invalidParams(message)))
        }
        guard let answer else { return .answered(.result(ByteBuffer(string: "{\"duplicate\":true}"), attachments: [])) }
        if answer.isRefusal { return .answered(.failure(try JSONCoding.decode(from: answer.bytes))) }
        return .answered(.result(markDuplicate(answer.bytes), attachments: []))
    }

    /// Stores the answer of the next write of a producer.
    static func record(
        _ stamp: ProducerStamp,
        of method: String?,
        answer: ByteBuffer,
        isRefusal: Bool,
        at timestamp: String,
        _ connection: Connection
    ) throws {
        try connection.execute(
            """
            INSERT INTO producers (producer, last_seq, updated_at) VALUES (?1, ?2, ?3)
            ON CONFLICT (producer) DO UPDATE SET last_seq = ?2, updated_at = ?3
            """,
            stamp.producer,
            stamp.seq,
            timestamp
        )
        try connection.execute(
            "INSERT OR REPLACE INTO producer_answers (producer, seq, is_refusal, answer, method) VALUES (?, ?, ?, ?, ?)",
            stamp.producer,
            stamp.seq,
            isRefusal,
            Array(answer.readableBytesView),
            method
        )
        try connection.execute(
            "DELETE FROM producer_answers WHERE producer = ? AND seq = ?",
            stamp.producer,
            stamp.seq - remembered
        )
    }

    /// An encoded result object with the member `"duplicate": true` added.
    private static func markDuplicate(_ result: ByteBuffer) -> ByteBuffer {
        var marked = ByteBuffer(string: "{\"duplicate\":true")
        var members = result
        members.moveReaderIndex(forwardBy: 1)
        if members.readableBytes > 1 { marked.writeString(",") }
        marked.writeBuffer(&members)
        return marked
    }
}
