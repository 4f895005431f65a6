import Foundation
import GRDB
import GRDBSQLite

extension CommandFailure {
    /// Of a folder that was named as a data directory.
    static func noDatabase(_ database: String, in folder: String) -> CommandFailure {
        let files = FileManager.default
        let reason =
            files.isBarred(database)
            ? "can't be read by this user; run this as the server's user"
            : files.fileExists(atPath: folder)
                ? "is no data directory: it has no database; \"holdfast serve\" makes one, with the labels of its --labels"
                : "is no data directory: it does not exist; \"holdfast serve\" makes one, with the labels of its --labels"
        return CommandFailure(code: other, message: "\(folder) \(reason)")
    }

    /// Does a part of the start; of a database that fails there it says which file it is and what can be done.
    static func naming<Value>(_ database: String, _ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as SQLError {
            throw of(error, database)
        } catch let error as DatabaseError {
            throw of(SQLError(error), database)
        }
    }

    private static func of(_ error: SQLError, _ database: String) -> CommandFailure {
        let reason = "\(error.message), SQLite error \(error.extendedCode)"
        guard error.code != SQLITE_NOTADB else {
            return CommandFailure(
                code: dataDamaged,
                message:
                    "\(database) is no SQLite database: see that the data directory is the right one; if it is, restore a backup"
            )
        }
        guard error.isDamage else {
            return CommandFailure(
                code: other,
                message:
                    "the database \(database) can't be opened (\(reason)); see that its disk is well and has room, and that the server may write to it"
            )
        }
        return CommandFailure(
            code: dataDamaged,
            message:
                "the database \(database) is damaged, or its disk can't read it (\(reason)); restore it from a backup, or salvage it with: sqlite3 \(database) .recover"
        )
    }
}
