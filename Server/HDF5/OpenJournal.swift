import Glibc
import Synchronization

/// Names the run files that are about to be written to, before they are: a group of writes that is never committed leaves its
/// traces in a file, too, and after a loss of power the file itself need not show them.
package final class OpenJournal: Sendable {
    private static let name = "open-files"
    private let path: String
    private let names: Mutex<Set<String>>

    /// Reads what an earlier process had noted and did not clear.
    package init(directory: String) throws(HDF5Error) {
        path = "\(directory)/\(Self.name)"
        names = Mutex(try Self.read(path))
    }

    private static func read(_ path: String) throws(HDF5Error) -> Set<String> {
        guard access(path, F_OK) == 0 else { return [] }
        let file = try FileDescriptor(path, O_RDONLY)
        let text = String(decoding: try file.readStart(Int(file.size())), as: UTF8.self)
        return Set(text.split(separator: "\n").map(String.init))
    }

    /// The files that may have been written to since they were last closed in order.
    package var open: Set<String> { names.withLock { $0 } }

    /// Notes a file, durably.
    package func note(_ name: String) throws(HDF5Error) {
        try names.withLock { (names) throws(HDF5Error) in
            guard !names.contains(name) else { return }
            let isNew = access(path, F_OK) != 0
            let file = try FileDescriptor(path, O_WRONLY | O_CREAT | O_APPEND)
            // A line of its own, also behind one that was on its way when the power was lost.
            try file.write(Array("\n\(name)\n".utf8))
            try file.synchronize()
            if isNew { try FileDescriptor.synchronizeDirectory(of: path) }
            names.insert(name)
        }
    }

    /// Forgets all files: they are closed, or noted elsewhere.
    package func clear() {
        names.withLock {
            unlink(path)
            $0 = []
        }
    }
}
