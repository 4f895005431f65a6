import Foundation
import GRDB
import HDF5
import Logging
import Wire

/// `server.backup`: a copy of the data directory, made while the server works.
struct Backup: Sendable {
    /// Behind the name of a copy that is not whole yet.
    static let unfinishedSuffix = ".unfinished"

    private let catalog: Catalog
    private let directory: DataDirectory
    private let claims = Claims()
    private let logger = Logger(label: "holdfast.backup")

    init(catalog: Catalog, directory: DataDirectory) {
        self.catalog = catalog
        self.directory = directory
    }

    func register(in table: inout MethodTable) {
        table.on(ServerBackup.self) { parameters, _ in try await make(parameters) }
    }

    private func make(_ parameters: ServerBackup) async throws -> ServerBackup.Result {
        let name = parameters.backup ?? Timestamp.text(Timestamp.now()).replacing(":", with: "-")
        try Self.check(name)
        let folder = DataFolder(directory.path).backups
        let path = "\(folder)/\(name)"
        guard !FileManager.default.fileExists(atPath: path) else {
            throw WireError("backup_exists", "\(path) exists; choose another name, or remove it first")
        }
        guard let claim = claims.take(name) else {
            throw WireError(.overloaded, "the backup \(path) is being made already; ask again when that is done")
        }
        defer { withExtendedLifetime(claim) {} }
        // Under a name that says so until it is whole.
        let unfinished = path + Self.unfinishedSuffix
        do {
            let result = try await catalog.whileCopying { try await copy(to: unfinished, named: path) }
            try FileManager.default.moveItem(atPath: unfinished, toPath: path)
            for folder in [folder, directory.path] { try FileManager.default.synchronize(folder) }
            logger.notice("backup made", metadata: ["path": "\(path)", "bytes": "\(result.bytes)"])
            return result
        } catch {
            try? FileManager.default.removeItem(atPath: unfinished)
            throw Self.wireError(error, path)
        }
    }

    private static func check(_ name: String) throws {
        do throws(WireError) {
            try RunID.check(name)
        } catch {
            throw WireError.invalidParams("params.backup" + error.message.dropFirst("run_id".count))
        }
        guard !name.hasSuffix(unfinishedSuffix) else {
            throw WireError.invalidParams("params.backup ends in \(unfinishedSuffix), as those do that are not whole")
        }
    }

    /// At start-up: removes what was being made when the last server ended.
    static func removeUnfinished(in directory: DataDirectory) {
        let folder = DataFolder(directory.path).backups
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        where name.hasSuffix(unfinishedSuffix) {
            try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    private static func wireError(_ error: any Error, _ path: String) -> WireError {
        if let error = error as? WireError { return error }
        if let error = error as? DatabaseError, error.resultCode == .SQLITE_CORRUPT { return SQLError(error).wireError }
        guard isDiskFull(error) else {
            return WireError(.internalError, "the backup \(path) could not be made: \(error)")
        }
        return WireError(.diskFull, "the disk is full: the backup \(path) could not be made")
    }

    private static func isDiskFull(_ error: any Error) -> Bool {
        if let error = error as? DatabaseError { return error.resultCode == .SQLITE_FULL }
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        return cause.domain == NSPOSIXErrorDomain && cause.code == ENOSPC
    }

    private func copy(to folder: String, named path: String) async throws -> ServerBackup.Result {
        let copy = DataFolder(folder)
        try? FileManager.default.removeItem(atPath: folder)
        try copy.make()
        // First: what its rows refer to is in the array files already, and stays there.
        let runs = try await catalog.copyDatabase(to: copy.database)
        var bytes = FileManager.default.size(of: copy.database)
        var copied = 0
        for runID in runs {
            let (source, target) = (DataFolder(directory.path).arrayFile(of: runID), copy.arrayFile(of: runID))
            guard FileManager.default.fileExists(atPath: source) else { continue }
            try await copyFile(source, to: target)
            if try RepairLog.exists(source) {
                try FileManager.default.copyItem(atPath: source + RepairLog.suffix, toPath: target + RepairLog.suffix)
            }
            try FileManager.default.synchronize(target)
            bytes += FileManager.default.size(of: target)
            copied += 1
        }
        for folder in [copy.telemetry, copy.arrays, copy.path] { try FileManager.default.synchronize(folder) }
        return ServerBackup.Result(path: path, bytes: bytes, runs: copied)
    }

    /// Copies an array file as it is between two commits. One that is being written to holds up the writer for as long as
    /// that takes; most are those of runs that have ended.
    private func copyFile(_ source: String, to target: String) async throws {
        let before = FileIdentity(source)
        // Two writes within a tick of the file system's clock have the same time.
        let isQuiet = before.map { $0.age > 2 } ?? false
        if isQuiet {
            // Detached, since it blocks for as long as it takes.
            try await Task.detached { try FileManager.default.copyItem(atPath: source, toPath: target) }.value
        }
        try await catalog.writer.between {
            if isQuiet {
                guard FileIdentity(source) != before else { return }
                try FileManager.default.removeItem(atPath: target)
            }
            try FileManager.default.copyItem(atPath: source, toPath: target)
        }
    }
}

/// The layout of a data directory, whether a server holds it or not.
struct DataFolder {
    let path: String

    init(_ path: String) { self.path = path }

    var telemetry: String { path + "/telemetry" }
    var database: String { telemetry + "/telemetry.sqlite" }
    var arrays: String { path + "/replay" }
    var backups: String { path + "/backups" }
    /// What sessions are signed with; in no backup.
    var sessionKey: String { path + "/session.key" }
    /// The sessions that were logged out of; in no backup either.
    var endedSessions: String { path + "/session.ended" }
    /// Locked by the server that uses the directory.
    var lock: String { path + "/holdfast.lock" }

    /// The file that the arrays of a run are in.
    func arrayFile(of runID: String) -> String { "\(arrays)/\(runID).h5" }

    /// The backups that are there, finished or not.
    var backupNames: [String] { (try? FileManager.default.contentsOfDirectory(atPath: backups))?.sorted() ?? [] }

    /// The array files of a directory whose database is gone, or empty: nobody knows what is in them.
    var filesWithoutDatabase: [String] {
        var status = stat()
        // Where one may not look, nothing is said of it.
        guard unsafe stat(database, &status) == 0 ? status.st_size == 0 : errno == ENOENT else { return [] }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: arrays)) ?? []
        return names.filter { $0.hasSuffix(".h5") }.sorted()
    }

    /// Of a folder and those above it the highest one that is not there; the folder itself if all are.
    private static func firstMissing(_ folder: String) -> String {
        let above = sequence(first: URL(fileURLWithPath: folder)) { $0.deletingLastPathComponent() }
        return above.prefix { $0.path != "/" && !FileManager.default.fileExists(atPath: $0.path) }.map(\.path).last
            ?? folder
    }

    func make() throws {
        for folder in [telemetry, arrays] {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                // Foundation's error has a number of its own, and not what the system says.
                let missing = Self.firstMissing(folder)
                guard unsafe mkdir(missing, 0o777) == 0 else {
                    throw DataDirectory.Unusable(
                        errorDescription: unsafe "\(missing): \(String(cString: strerror(errno)))"
                    )
                }
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
        }
    }
}

extension FileManager {
    /// fsync(2) of a file, or of a folder's list of names.
    func synchronize(_ path: String) throws {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> NSError {
        NSError(domain: NSPOSIXErrorDomain, code: Int(errno), userInfo: [NSFilePathErrorKey: path])
    }

    /// Whether this user may not look at what a path names, so that nobody can tell whether it is there.
    func isBarred(_ path: String) -> Bool { unsafe access(path, F_OK) != 0 && errno == EACCES }

    func size(of path: String) -> Int { ((try? attributesOfItem(atPath: path))?[.size] as? Int) ?? 0 }
}
