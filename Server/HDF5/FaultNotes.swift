import CFaultNote
import Glibc

/// The array files in which a process crashed, noted by that process as it ended.
///
/// No check finds all that makes the library itself crash, in bytes whose checksums are right. So a file does it once: then it
/// is left alone for as long as it stays as it was.
package struct FaultNotes: Sendable {
    private static let name = "crashed-files"
    private let directory: String
    private let path: String

    /// Has the crashes of this process noted, and forgets notes of files that have changed since.
    package init(directory: String) throws(HDF5Error) {
        self.directory = directory
        path = "\(directory)/\(Self.name)"
        if try current().isEmpty { unlink(path) }
        guard cfaultnote_install(path) == 0 else { throw .system("sigaction", path) }
    }

    /// Throws where a process crashed in the file as it is.
    package func check(_ file: String) throws(HDF5Error) {
        let name = Self.fileName(file[...])
        guard try current().contains(where: { Self.fileName($0) == name }) else { return }
        throw HDF5Error(
            .damaged,
            "open",
            file,
            "the server crashed when it was in this file before, and leaves it alone until it changes: put a copy from a backup "
                + "in its place, or take its line out of \(path) to try again"
        )
    }

    /// The notes of files that are as they were then. Other processes write some, too.
    private func current() throws(HDF5Error) -> [Substring] {
        guard access(path, F_OK) == 0 else { return [] }
        let file = try FileDescriptor(path, O_RDONLY)
        let text = String(decoding: try file.readStart(Int(file.size())), as: UTF8.self)
        return text.split(separator: "\n").filter { note in
            let numbers = note.split(separator: " ", maxSplits: 4).prefix(4).map { Int($0) }
            return FileIdentity("\(directory)/\(Self.fileName(note))")?.numbers == numbers
        }
    }

    private static func fileName(_ text: Substring) -> Substring {
        text.lastIndex(of: "/").map { text[text.index(after: $0)...] } ?? text
    }

    /// Says which file this thread is in until it is in another or leaves it; a draft counts as what it is to become.
    static func enter(_ path: String) {
        cfaultnote_enter(path.hasSuffix(Draft.suffix) ? String(path.dropLast(Draft.suffix.count)) : path)
    }

    static func leave() { cfaultnote_enter(nil) }
}
