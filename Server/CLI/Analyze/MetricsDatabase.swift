import Foundation
import GRDB

/// A database file that is only read, and beside which nothing is made.
struct MetricsDatabase {
    let path: String
    /// With those that are committed and not folded into the database yet.
    let bytes: Int
    private let queue: DatabaseQueue

    init(_ argument: String) throws {
        path = try Self.find(argument)
        bytes = FileManager.default.size(of: path) + FileManager.default.size(of: path + "-wal")
        do {
            queue = try ReadOnlyDatabase.open(path)
        } catch {
            throw Self.failure(error, path)
        }
    }

    /// Reads one consistent state of the database.
    func read(_ body: (Connection, Set<Relation>) throws -> Void) throws {
        do {
            try queue.read { database in
                let connection = Connection(database)
                let relations = try Relation.present(connection)
                guard !relations.isEmpty else {
                    throw CommandFailure(
                        code: CommandFailure.other,
                        message:
                            "\(path) has none of the tables \(Relation.list); give the telemetry.sqlite of a data directory"
                    )
                }
                try body(connection, relations)
            }
        } catch {
            throw Self.failure(error, path)
        }
    }

    /// Refuses a file to write that can't be made, is the database or would take one of its names.
    func refuse(output: String) throws {
        let url = URL(fileURLWithPath: output)
        guard FileManager.default.isWritableFile(atPath: url.deletingLastPathComponent().path) else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "--plot \(output) can't be written: its folder does not exist or is not writable"
            )
        }
        let written = url.resolvingSymlinksInPath().path
        let own = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard ["", "-wal", "-shm", "-journal"].contains(where: { own + $0 == written }) else { return }
        throw CommandFailure(
            code: CommandFailure.usage,
            message: "--plot \(output) would overwrite the database; give another file"
        )
    }

    // MARK: Opening

    private static func find(_ argument: String) throws -> String {
        var isFolder: ObjCBool = false
        let absolute = URL(fileURLWithPath: argument).path
        guard unsafe FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder) else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: FileManager.default.isBarred(absolute)
                    ? "\(argument) can't be read by this user; run this as the server's user"
                    : "\(argument) does not exist; give a database file or the folder with its telemetry.sqlite"
            )
        }
        guard isFolder.boolValue else { return absolute }
        let candidates = ["/telemetry.sqlite", "/telemetry/telemetry.sqlite"].map { absolute + $0 }
        guard let file = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: candidates.contains(where: FileManager.default.isBarred)
                    ? "the folder \(argument) can't be read by this user; run this as the server's user"
                    : "the folder \(argument) has no telemetry.sqlite; give the database file itself"
            )
        }
        return file
    }

    // MARK: Errors

    private static func failure(_ error: any Error, _ path: String) -> any Error {
        let (code, message): (Int32, String)
        switch error {
        case let error as DatabaseError: (code, message) = (error.resultCode.rawValue, error.message ?? "\(error)")
        case let error as SQLError: (code, message) = (error.code, error.message)
        default: return error
        }
        switch ResultCode(rawValue: code) {
        case .SQLITE_NOTADB:
            return CommandFailure(code: CommandFailure.other, message: "\(path) is not an SQLite database")
        case .SQLITE_CORRUPT:
            return CommandFailure(
                code: CommandFailure.dataDamaged,
                message:
                    "the database \(path) is damaged (\(message)); if it was copied while a server wrote, copy it with: sqlite3 ORIGINAL \".backup COPY\""
            )
        default:
            return CommandFailure(code: CommandFailure.other, message: "\(path) can't be read: \(message)")
        }
    }
}
