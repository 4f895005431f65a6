import NIOCore
import Wire

extension Labels {
    /// `snapshot:SNAPSHOT_ID`, whose images have the labels of then; `image:ID`.
    static let lineageSources = [
        LineageSource(
            scheme: "snapshot",
            type: "snapshot",
            describe: { id, connection in
                try Snapshots.read(id, connection).map { snapshot in
                    [
                        "snapshot_id": .string(id), "train": .integer(Int64(snapshot.train)),
                        "val": .integer(Int64(snapshot.val)), "note": snapshot.note.map { .string($0) } ?? .null,
                    ]
                }
            },
            origins: { id, limit, connection in
                try connection.rows(
                    "SELECT image_id, split, labels FROM snapshot_images WHERE snapshot_id = ? ORDER BY image_id LIMIT ?",
                    [id, limit]
                ) { row in
                    LineageSource.Origin(
                        reference: "image:\(row.integer(0))",
                        name: row.string(1),
                        details: ["labels": try JSONCoding.decode(from: ByteBuffer(string: row.string(2)))]
                    )
                }
            }
        ),
        LineageSource(
            scheme: "image",
            type: "image",
            describe: { id, connection in
                guard let id = Int64(id) else { return nil }
                // Of held-out images no more than that they are.
                return try connection.first(
                    """
                    SELECT iif(split IS 'test', NULL, filename), split, iif(split IS 'test', NULL, labeled_at)
                    FROM labels WHERE id = ?
                    """,
                    id
                ) { row in
                    [
                        "id": .integer(id), "filename": row.optionalString(0).map { .string($0) } ?? .null,
                        "split": row.optionalString(1).map { .string($0) } ?? .null,
                        "labeled_at": row.optionalString(2).flatMap(Timestamp.seconds).map { .number($0) } ?? .null,
                    ]
                }
            },
            origins: { id, _, connection in
                let ref = try connection.first(
                    "SELECT frame_ref FROM labels WHERE id = ? AND split IS NOT 'test'",
                    Int64(id)
                ) { $0.optionalString(0) }
                return (ref ?? nil).map { [LineageSource.Origin(reference: $0, name: "pixels")] } ?? []
            }
        ),
    ]
}
