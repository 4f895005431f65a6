import GRDB
import GRDBSQLite
import Wire

/// A statement that SQLite refused.
struct SQLError: Error, CustomStringConvertible {
    /// SQLite's primary result code, such as SQLITE_CONSTRAINT.
    let code: Int32
    let extendedCode: Int32
    let message: String
    let sql: String

    /// Whether a row of the same key exists already.
    var isDuplicateKey: Bool {
        // SQLITE_CONSTRAINT_PRIMARYKEY and _UNIQUE, macros that Swift does not import.
        extendedCode == SQLITE_CONSTRAINT | 6 << 8 || extendedCode == SQLITE_CONSTRAINT | 8 << 8
    }

    /// Whether the file is not a sound database. SQLite says so, too, when a read fails with EIO.
    var isDamage: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB }

    /// Whether the file system failed in a way that leaves open what reached the disk.
    var isInputOutput: Bool { code == SQLITE_IOERR }

    private func failure(_ advice: String) -> WireError {
        WireError(
            .internalError,
            "the database telemetry.sqlite failed: \(message) (SQLite error \(extendedCode)); \(advice)"
        )
    }

    init(code: Int32, extendedCode: Int32, message: String, sql: String) {
        self.code = code
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
    }

    /// What GRDB throws where it runs a statement itself.
    init(_ error: DatabaseError) {
        self.init(
            code: error.resultCode.rawValue,
            extendedCode: error.extendedResultCode.rawValue,
            message: error.message ?? error.resultCode.description,
            sql: error.sql ?? ""
        )
    }

    var description: String { "SQLite error \(extendedCode) (\(message))" + (sql.isEmpty ? "" : " in: \(sql)") }

    /// What a client is told.
    var wireError: WireError {
        switch code {
        case SQLITE_FULL:
            WireError(
                .diskFull,
                "the disk of the data directory is full; nothing was stored. Free space and send again."
            )
        case SQLITE_BUSY: WireError(.overloaded, "another program holds the database; nothing was stored")
        case SQLITE_CORRUPT, SQLITE_NOTADB:
            failure("see that its disk is well; if the file is damaged, restore it from a backup")
        case SQLITE_IOERR, SQLITE_READONLY: failure("see that its disk is well and may be written")
        case SQLITE_CANTOPEN:
            failure("see that the server may open more files (ulimit -n) and write to its data directory")
        default:
            WireError(.internalError, "the database refused the write: \(message) (SQLite error \(extendedCode))")
        }
    }
}
