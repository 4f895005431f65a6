import Foundation
import GRDB

/// A copy of a database and its -wal in a private folder, which has no name any more when it is open.
enum PrivateCopy {
    static func open(_ path: String, _ configuration: GRDB.Configuration) throws -> DatabaseQueue {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("holdfast-copy-\(UUID().uuidString)").path
        do {
            try files.createDirectory(
                atPath: folder,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: 0o700]
            )
            // The open files stay readable without their names, and nothing is left however the process ends.
            defer { try? files.removeItem(atPath: folder) }
            for suffix in ["", "-wal"] {
                try files.copyItem(atPath: path + suffix, toPath: folder + "/copy" + suffix)
            }
            let queue = try DatabaseQueue(path: folder + "/copy", configuration: configuration)
            _ = try queue.read { try $0.tableExists("runs") }
            return queue
        } catch let error as CocoaError {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "\(path) has a -wal without its -shm, and the two can't be copied to \(folder): \(error.localizedDescription)"
            )
        }
    }
}
