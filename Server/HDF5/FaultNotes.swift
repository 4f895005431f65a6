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
    private let notes: [Substring]

    /// Reads what earlier processes noted of a directory's files, leaves out those that have changed since, and has the crashes of
    /// this process noted.
    package init(directory: String) throws(HDF5Error) {
        self.directory = directory
        path = "\(directory)/\(Self.name)"
        notes = try Self.read(path).filter { Self.isCurrent($0, in: directory) }
        if notes.isEmpty { unlink(path) }
        guard cfaultnote_install(path) == 0 else { throw .system("sigaction", path) }
    }

    private static func read(_ path: String) throws(HDF5Error) -> [Substring] {
        guard access(path, F_OK) == 0 else { return [] }
        let file = try FileDescriptor(path, O_RDONLY)
        return String(decoding: try file.readStart(Int(file.size())), as: UTF8.self).split(separator: "\n")
    }

    /// Throws where a process crashed in the file as it is.
    package func check(_ file: String) throws(HDF5Error) {
        let name = Self.fileName(file[...])
        guard notes.contains(where: { Self.fileName($0) == name && Self.isCurrent($0, in: directory) }) else { return }
        throw HDF5Error(
            .damaged,
            "open",
            file,
            "the server crashed when it was in this file before, and leaves it alone until it changes: put a copy from a backup "
                + "in its place, or take its line out of \(path) to try again"
        )
    }

    private static func fileName(_ text: Substring) -> Substring {
        text.lastIndex(of: "/").map { text[text.index(after: $0)...] } ?? text
    }

    private static func isCurrent(_ note: Substring, in directory: String) -> Bool {
        let numbers = note.split(separator: " ", maxSplits: 4).prefix(4).map { Int($0) }
        var status = stat()
        guard stat("\(directory)/\(fileName(note))", &status) == 0 else { return false }
        return numbers == [
            Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
        ]
    }

    /// Says which file this thread is in until it is in another or leaves it; a draft counts as what it is to become.
    static func enter(_ path: String) {
        cfaultnote_enter(path.hasSuffix(Draft.suffix) ? String(path.dropLast(Draft.suffix.count)) : path)
    }

    static func leave() { cfaultnote_enter(nil) }
}
