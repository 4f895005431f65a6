import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// Sessions that were logged out of before they expired; they stay so when the server is started again.
///
/// A session is known by its claim, the part that its code is over: the code's digits may be written in two cases.
final class EndedSessions: Sendable {
    /// A claim a line; nil: they are forgotten when the server ends.
    private let path: String?
    private let claims: Mutex<Set<Substring>>

    /// Those of a server that has no file for them.
    init() {
        path = nil
        claims = Mutex([])
    }

    /// Those that a file holds, and that have not expired since.
    ///
    /// - Throws: Where the file can't be read, or be written without what has expired.
    init(_ path: String, at time: Double) throws {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else {
            claims = Mutex([])
            return
        }
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let lasting = lines.filter { line in line.split(separator: ".").first.flatMap { Double($0) } ?? 0 > time }
        claims = Mutex(Set(lasting))
        guard lasting.count < lines.count else { return }
        try Data(lasting.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    func contains(_ session: String) -> Bool {
        let claim = Self.claim(of: session)
        return claims.withLock { $0.contains(claim) }
    }

    /// - Throws: `DataDirectory.Unusable` where it can't be stored; the session has ended all the same, until the server does.
    func insert(_ session: String) throws {
        let claim = Self.claim(of: session)
        try claims.withLock { claims in
            guard claims.insert(claim).inserted, let path else { return }
            try Self.append(claim + "\n", to: path)
        }
    }

    /// Of `END.NUMBER.CODE`, or `GRANT-END.NUMBER.CODE`, the end and the number.
    private static func claim(of session: String) -> Substring {
        let own = session[(session.lastIndex(of: "-").map(session.index(after:)) ?? session.startIndex)...]
        return own[..<(own.lastIndex(of: ".") ?? own.endIndex)]
    }

    private static func append(_ line: String, to path: String) throws {
        func failure() -> DataDirectory.Unusable {
            DataDirectory.Unusable(errorDescription: "\(path): \(unsafe String(cString: strerror(errno)))")
        }
        let file = unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        let bytes = Array(line.utf8)
        guard unsafe write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else { throw failure() }
    }
}
