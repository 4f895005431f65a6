import Crypto
import NIOCore
import Wire

/// Frozen train and val sets: what exactly a model was trained on.
enum Snapshots {
    /// An image's line of the manifest.
    struct Line {
        let id: Int64
        let filename: String
        let split: String
        /// The labels that are set, by name.
        let labels: [(name: String, value: Int)]

        /// `{"biopsy_tool":1}`
        var labelsJSON: String { "{" + labels.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}" }

        /// What is hashed: each part with its length in bytes before it, so that no two manifests have the same bytes.
        var bytes: [UInt8] {
            let parts = [String(id), filename, split, labelsJSON]
            return parts.flatMap { Array("\($0.utf8.count):".utf8) + Array($0.utf8) } + [UInt8(ascii: "\n")]
        }
    }

    static func lines(_ settings: LabelSettings, _ connection: Connection, _ body: (Line) throws -> Void) throws {
        let columns = settings.labels.map { "has_\($0.name)" }.joined(separator: ", ")
        let names = settings.labels.map(\.name)
        let order = names.indices.sorted { names[$0].utf8.lexicographicallyPrecedes(names[$1].utf8) }
        _ = try connection.rows(
            "SELECT id, filename, split, \(columns) FROM labels INDEXED BY labels_train_val WHERE \(settings.trainVal) ORDER BY id"
        ) { row in
            let labels = order.compactMap { place in
                row.optionalInteger(Int32(3 + place)).map { (name: names[place], value: Int($0)) }
            }
            try body(Line(id: row.integer(0), filename: row.string(1), split: row.string(2), labels: labels))
        }
    }

    /// The id that a snapshot of the state has, made or not.
    static func currentID(_ settings: LabelSettings, _ connection: Connection) throws -> String {
        var hash = SHA256()
        try lines(settings, connection) { hash.update(data: $0.bytes) }
        return hex(hash.finalize())
    }

    static func hex(_ digest: SHA256Digest) -> String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static func read(_ id: String, _ connection: Connection) throws -> Snapshot? {
        try connection.first(
            "SELECT snapshot_id, train, val, created_at, note FROM snapshots WHERE snapshot_id = ?",
            id,
            read: snapshot
        )
    }

    static func snapshot(_ row: Row) -> Snapshot {
        Snapshot(
            snapshotID: row.string(0),
            train: row.int(1),
            val: row.int(2),
            createdAt: Timestamp.seconds(row.string(3)) ?? 0,
            note: row.optionalString(4)
        )
    }
}

extension Labels {
    /// `snapshots.create`
    func snapshotsCreate(_ parameters: SnapshotsCreate) throws -> @Sendable (WriteTransaction) throws -> Snapshot {
        if let note = parameters.note, note.utf8.count > 2000 {
            throw WireError.invalidParams("params.note has more than 2 000 bytes")
        }
        return { [settings] transaction in
            let connection = transaction.connection
            let id = try Snapshots.currentID(settings, connection)
            if let known = try Snapshots.read(id, connection) { return known }
            var counts = ["train": 0, "val": 0]
            try Snapshots.lines(settings, connection) { counts[$0.split, default: 0] += 1 }
            try connection.execute(
                "INSERT INTO snapshots (snapshot_id, created_at, note, train, val) VALUES (?, ?, ?, ?, ?)",
                id,
                transaction.timestamp,
                parameters.note,
                counts["train"],
                counts["val"]
            )
            let insert = try connection.statement(
                "INSERT INTO snapshot_images (snapshot_id, image_id, split, labels) VALUES (?, ?, ?, ?)"
            )
            try Snapshots.lines(settings, connection) { line in
                try insert.bind([id, line.id, line.split, line.labelsJSON] as [any SQLConvertible])
                try insert.execute()
            }
            guard let snapshot = try Snapshots.read(id, connection) else {
                throw WireError(.internalError, "the snapshot that was just made is not there")
            }
            return snapshot
        }
    }

    private struct ImageKey: Codable {
        let id: Int64
    }

    /// `snapshots.get`
    func snapshotsGet(_ parameters: SnapshotsGet) async throws -> SnapshotsGet.Result {
        let limit = try Page.limit(parameters.limit, default: 1000, maximum: 10_000)
        let start = try Page.key(ImageKey.self, of: parameters.cursor)?.id ?? 0
        return try await catalog.read { connection in
            guard let snapshot = try Snapshots.read(parameters.snapshotID, connection) else {
                throw WireError.notFound("snapshot \"\(parameters.snapshotID.prefix(80))\" does not exist")
            }
            let images = try connection.rows(
                """
                SELECT image_id, filename, snapshot_images.split, labels FROM snapshot_images
                JOIN labels ON id = image_id WHERE snapshot_id = ? AND image_id > ? ORDER BY image_id LIMIT ?
                """,
                [parameters.snapshotID, start, limit + 1]
            ) { row in
                SnapshotsGet.Image(
                    id: row.integer(0),
                    filename: row.string(1),
                    split: row.string(2),
                    labels: try JSONCoding.decode(from: ByteBuffer(string: row.string(3)))
                )
            }
            return SnapshotsGet.Result(
                snapshot: snapshot,
                images: Array(images.prefix(limit)),
                cursor: images.count > limit ? try Page.cursor(ImageKey(id: images[limit - 1].id)) : nil
            )
        }
    }

    private struct SnapshotKey: Codable {
        let createdAt: String
        let id: String
    }

    /// `snapshots.list`
    func snapshotsList(_ parameters: SnapshotsList) async throws -> SnapshotsList.Result {
        let limit = try Page.limit(parameters.limit, default: 100, maximum: 1000)
        let key = try Page.key(SnapshotKey.self, of: parameters.cursor) ?? SnapshotKey(createdAt: "~", id: "")
        return try await catalog.read { connection in
            let snapshots = try connection.rows(
                """
                SELECT snapshot_id, train, val, created_at, note FROM snapshots WHERE (created_at, snapshot_id) < (?, ?)
                ORDER BY created_at DESC, snapshot_id DESC LIMIT ?
                """,
                [key.createdAt, key.id, limit + 1],
                Snapshots.snapshot
            )
            let last = snapshots.count > limit ? snapshots[limit - 1] : nil
            return SnapshotsList.Result(
                snapshots: Array(snapshots.prefix(limit)),
                cursor: try last.map {
                    try Page.cursor(SnapshotKey(createdAt: Timestamp.text($0.createdAt), id: $0.snapshotID))
                }
            )
        }
    }
}
