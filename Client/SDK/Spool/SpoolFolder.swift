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

    let path: String

    /// The spools in a directory.
    static func all(in directory: String) -> [SpoolFolder] {
        Files.names(in: directory).sorted().map { SpoolFolder(path: "\(directory)/\($0)") }.filter(\.isSpool)
    }

    private var isSpool: Bool { UUID(uuidString: path.split(separator: "/").last.map(String.init) ?? "") != nil }

    /// The places where segments begin, in order.
    var bases: [UInt64] { Files.names(in: path).compactMap(Segment.base).sorted() }

    /// Whether no process appends any more.
    var isAbandoned: Bool { (try? FileLock("\(path)/\(Self.writerLock)")) != nil }

    /// Removes the segments that end before a place, but not the one that is written.
    func removeSegments(before place: UInt64) {
        for (base, next) in zip(bases, bases.dropFirst()) where next <= place {
            Files.remove("\(path)/\(Segment.name(base: base))")
        }
    }

    /// Renames a spool that can't be read to its end, so that nobody tries again.
    func setAside() {
        guard let slash = path.lastIndex(of: "/") else { return }
        unsafe _ = rename(path, "\(path[..<slash])/damaged-\(path[path.index(after: slash)...])")
    }

    /// Keeps a request that the server refused for its content, as the frame that was sent, with the server's words.
    func keep(rejected request: OutgoingRequest, _ error: WireError) {
        guard let slash = path.lastIndex(of: "/"), let frame = try? request.encode(id: 1, stamp: nil) else { return }
        let rejected = "\(path[..<slash])/rejected"
        let name = "\(rejected)/\(path[path.index(after: slash)...])-\(request.ordinal)-\(request.part)"
        guard (try? Files.makeFolder(rejected)) != nil, Files.names(in: rejected).count < 2 * Self.mostRejected else {
            return
        }
        let bytes = frame.reduce(into: [UInt8]()) { $0 += $1.readableBytesView }
        _ = FileManager.default.createFile(atPath: "\(name).frame", contents: Data(bytes))
        let words = (try? JSONCoding.encode(error)).map { Data($0.readableBytesView) }
        _ = FileManager.default.createFile(atPath: "\(name).error.json", contents: words)
    }

    /// So many refused requests are kept.
    private static let mostRejected = 1000

    /// Removes the spool.
    func remove() {
        for name in Files.names(in: path) { Files.remove("\(path)/\(name)") }
        Files.removeFolder(path)
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
