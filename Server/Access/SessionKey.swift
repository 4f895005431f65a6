import Foundation

/// What the sessions of browsers are signed with: of the server alone, so that who reads the database, or a backup, cannot make
/// one.
struct SessionKey: Sendable, CustomStringConvertible {
    private static let count = 32

    let bytes: [UInt8]

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// A new one, which no session outlives.
    init() { self.init(bytes: (0..<Self.count).map { _ in .random(in: 0 ... .max) }) }

    /// That of a data directory, made if there is none yet; readable by the server's user only.
    ///
    /// - Throws: `DataDirectory.Unusable`, as on a full disk.
    init(_ path: String) throws {
        if let found = FileManager.default.contents(atPath: path), found.count == Self.count {
            self.init(bytes: Array(found))
            return
        }
        self.init()
        _ = unsafe unlink(path)
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Self.failure(path) }
        defer { close(file) }
        guard unsafe write(file, bytes, bytes.count) == bytes.count, fsync(file) == 0 else { throw Self.failure(path) }
    }

    /// None of its bytes: whoever has them makes sessions.
    var description: String { "a session key" }

    private static func failure(_ path: String) -> DataDirectory.Unusable {
        DataDirectory.Unusable(errorDescription: "\(path): \(unsafe String(cString: strerror(errno)))")
    }
}
