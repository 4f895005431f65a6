import NIOCore
import Wire

extension RunStore {
    /// `run:RUN_ID`
    static let lineageSource = LineageSource(
        scheme: "run",
        type: "run",
        describe: { runID, connection in
            try connection.first(
                "SELECT status, started_at, tags FROM runs WHERE run_id = ? AND deleted_at IS NULL",
                runID
            ) { row in
                [
                    "run_id": .string(runID), "status": .string(row.string(0)),
                    "started_at": Timestamp.seconds(row.string(1)).map { .number($0) } ?? .null,
                    "tags": try JSONCoding.decode(from: ByteBuffer(string: row.string(2))),
                ]
            }
        },
        origins: { _, _, _ in [] }
    )
}
