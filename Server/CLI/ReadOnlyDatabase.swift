import Foundation
import GRDB

/// A database that is only read, and beside which nothing is made.
enum ReadOnlyDatabase {
    /// Opens a database that a server may be using, or that lies in a folder which can't be written to.
    ///
    /// - Parameter isHeld: Whether the data directory is this process's own: then SQLite may make its -shm again.
    static func open(_ path: String, isHeld: Bool = false) throws -> DatabaseQueue {
        func hasFile(_ suffix: String) -> Bool { FileManager.default.size(of: path + suffix) > 0 }
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        // Sorts of millions of rows: in large pieces, in files.
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA temp_store = FILE; PRAGMA cache_size = -65536;") }
        switch (hasFile("-wal"), hasFile("-shm"), hasFile("-journal")) {
        case (true, false, _) where !isHeld:
            // To read a -wal, SQLite would make the -shm that is missing.
            return try PrivateCopy.open(path, configuration)
        case (true, _, _), (_, _, true):
            return try DatabaseQueue(path: path, configuration: configuration)
        default:
            // A database in WAL mode can't be opened in a read-only folder, nor without making its files elsewhere, unless
            // SQLite takes it for one that nobody changes.
            return try DatabaseQueue(path: immutable(path), configuration: configuration)
        }
    }

    private static func immutable(_ path: String) -> String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
        let absolute = URL(fileURLWithPath: path).path
        let escaped = absolute.addingPercentEncoding(withAllowedCharacters: plain) ?? absolute
        return "file://\(escaped)?immutable=1"
    }
}
