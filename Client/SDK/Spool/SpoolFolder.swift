import CSpool
import Glibc
import NIOCore
import Wire

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// One producer's spool on disk: a folder named after it, with segments, the state of their delivery, and two locks.
struct SpoolFolder {
    /// Held by the process that appends.
    static let writerLock = "writer.lock"
    /// Held by the process that sends.
    static let senderLock = "sender.lock"

    /// Of the names of spools that are being made or removed.
    static let newPrefix = "new-"

    let path: String

    /// The spools in a directory; none if it can't be read.
    static func all(in directory: String) -> [SpoolFolder] { (try? found(in: directory)) ?? [] }

    /// The spools in a directory; none if it is not there.
    ///
    /// - Throws: ``HoldfastError`` with `spool` when it can't be read.
    static func found(in directory: String) throws(HoldfastError) -> [SpoolFolder] {
        let names: [String]
        do {
            names = try Files.names(in: directory)
        } catch {
            let reason = (error as? Files.Failure)?.reason ?? "\(error)"
            throw HoldfastError(.spool, "\(directory) can't be read: \(reason)")
        }
        return names.sorted().filter { UUID(uuidString: $0) != nil }.map { SpoolFolder(path: "\(directory)/\($0)") }
            .filter(\.isFolder)
    }

    /// Whether a path is itself that of a spool.
    static func isOne(_ path: String) -> Bool {
        (try? Files.names(in: path))?.contains(writerLock) ?? false
    }

    /// The directory that it is in, and its name there.
    private var parts: (directory: Substring, name: Substring) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path[...]) }
        return (path[..<slash], path[path.index(after: slash)...])
    }

    var name: String { String(parts.name) }

    /// Another spool in the same directory.
    func sibling(_ name: String) -> SpoolFolder { SpoolFolder(path: "\(parts.directory)/\(name)") }

    private var isFolder: Bool {
        var info = stat()
        return unsafe stat(path, &info) == 0 && info.st_mode & S_IFMT == S_IFDIR
    }

    /// The places where segments begin, in order.
    func bases() throws -> [UInt64] { try Files.names(in: path).compactMap(Segment.base).sorted() }

    /// Whether no process appends any more.
    var isAbandoned: Bool { FileLock.isFree("\(path)/\(Self.writerLock)") }

    /// Removes the segments that end before a place, but not the one that is written.
    func removeSegments(before place: UInt64) throws {
        let bases = try bases()
        for (base, next) in zip(bases, bases.dropFirst()) where next <= place {
            Files.remove("\(path)/\(Segment.name(base: base))")
        }
    }

    /// Whether nothing was ever kept in it: only the files that a spool begins and ends with are there.
    var isBlank: Bool {
        let files = [SpoolStateFile.name, Self.senderLock, Self.writerLock]
        return (try? Files.names(in: path).allSatisfy { files.contains($0) || $0.hasPrefix("spare-") }) ?? false
    }

    /// Removes spools whose process was killed while it made them: nothing was kept in them yet.
    static func removeUnfinished(in directory: String) {
        let names = (try? Files.names(in: directory)) ?? []
        for name in names where name.hasPrefix(newPrefix) {
            let folder = SpoolFolder(path: "\(directory)/\(name)")
            // One that is new may have a process that has not taken its lock yet.
            guard folder.age > 60, folder.isBlank, let lock = try? FileLock("\(folder.path)/\(writerLock)") else {
                continue
            }
            withExtendedLifetime(lock) { folder.remove() }
        }
    }

    /// Seconds since something in it was made, named or removed.
    private var age: Double {
        var info = stat()
        return unsafe stat(path, &info) == 0 ? cspool_now() - Double(info.st_mtim.tv_sec) : 0
    }

    /// Renames a spool that can't be read to its end, so that nobody tries again; returns where it is now.
    func setAside() -> String {
        let (directory, name) = parts
        let place = "\(directory)/damaged-\(name)"
        return unsafe rename(path, place) == 0 ? place : path
    }

    /// Keeps a request that the server refused for its content, as the frame that was sent, with the server's words; returns the
    /// folder, nil where it has no room for more.
    func keep(rejected request: OutgoingRequest, _ error: WireError) -> String? {
        guard let frame = try? request.encode(id: 1, stamp: nil) else { return nil }
        let rejected = "\(parts.directory)/rejected"
        let name = "\(rejected)/\(parts.name)-\(request.ordinal)-\(request.part)"
        guard (try? Files.makeFolder(rejected)) != nil, let kept = try? Files.names(in: rejected).count,
            kept < 2 * Self.mostRejected
        else { return nil }
        let bytes = frame.reduce(into: [UInt8]()) { $0 += $1.readableBytesView }
        _ = FileManager.default.createFile(atPath: "\(name).frame", contents: Data(bytes))
        let words = (try? JSONCoding.encode(error)).map { Data($0.readableBytesView) }
        _ = FileManager.default.createFile(atPath: "\(name).error.json", contents: words)
        return rejected
    }

    /// So many refused requests are kept.
    private static let mostRejected = 1000

    /// Removes the spool: its state while there is nothing it speaks of, the locks when there is nothing to guard.
    func remove() {
        let last = [SpoolStateFile.name, Self.senderLock, Self.writerLock]
        for name in (try? Files.names(in: path)) ?? [] where !last.contains(name) { Files.remove("\(path)/\(name)") }
        var place = path
        // Who asks for a lock makes its file where there is none: not in a folder that is to be empty.
        if !name.hasPrefix(Self.newPrefix) {
            let new = sibling("\(Self.newPrefix)\(name)").path
            if unsafe rename(path, new) == 0 { place = new }
        }
        for name in last { Files.remove("\(place)/\(name)") }
        Files.removeFolder(place)
    }

    /// Where spools are when nobody says so: `HOLDFAST_SPOOL`, or the user's state folder.
    static var standardDirectory: String {
        let environment = ProcessInfo.processInfo.environment
        if let path = environment["HOLDFAST_SPOOL"], !path.isEmpty { return path }
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return "\(state)/holdfast/spool" }
        if let home = environment["HOME"], home.hasPrefix("/"), home != "/" {
            return "\(home)/.local/state/holdfast/spool"
        }
        return "/tmp/holdfast-spool-\(getuid())"
    }
}
