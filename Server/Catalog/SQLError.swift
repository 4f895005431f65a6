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

    /// Whether the file system failed in a way that leaves open what reached the disk.
    var isInputOutput: Bool { code == SQLITE_IOERR }

    var description: String { "SQLite error \(extendedCode) (\(message)) in: \(sql)" }

    /// What a client is told.
    var wireError: WireError {
        switch code {
        case SQLITE_FULL:
            WireError(
                .diskFull,
                "the disk of the data directory is full; nothing was stored. Free space and send again."
            )
        case SQLITE_BUSY: WireError(.overloaded, "another program holds the database; nothing was stored")
        default:
            WireError(.internalError, "the database refused the write: \(message) (SQLite error \(extendedCode))")
        }
    }
}
