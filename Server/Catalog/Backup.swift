import Foundation
import Logging
import Wire

/// `server.backup`: a copy of the data directory, made while the server works.
struct Backup: Sendable {
    private let catalog: Catalog
    private let directory: DataDirectory
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
        try RunID.check(name)
        let path = "\(directory.path)/backups/\(name)"
        guard !FileManager.default.fileExists(atPath: path) else {
            throw WireError("backup_exists", "\(path) exists; choose another name, or remove it first")
        }
        // Under a name that says so until it is whole.
        let unfinished = path + ".unfinished"
        do {
            let result = try await catalog.whileCopying { try await copy(to: unfinished, named: path) }
            try FileManager.default.moveItem(atPath: unfinished, toPath: path)
            logger.notice("backup made", metadata: ["path": "\(path)", "bytes": "\(result.bytes)"])
            return result
        } catch {
            try? FileManager.default.removeItem(atPath: unfinished)
            throw Self.wireError(error, path)
        }
    }

    private static func wireError(_ error: any Error, _ path: String) -> WireError {
        if let error = error as? WireError { return error }
        let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError ?? error as NSError
        guard cause.domain == NSPOSIXErrorDomain, cause.code == ENOSPC else {
            return WireError(.internalError, "the backup \(path) could not be made: \(error)")
        }
        return WireError(.diskFull, "the disk is full: the backup \(path) could not be made")
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
            let (source, target) = ("\(directory.arrays)/\(runID).h5", "\(copy.arrays)/\(runID).h5")
            guard FileManager.default.fileExists(atPath: source) else { continue }
            // In the writer's turn: between two commits, when nobody writes to it.
            try await catalog.writer.between { try FileManager.default.copyItem(atPath: source, toPath: target) }
            bytes += FileManager.default.size(of: target)
            copied += 1
        }
        return ServerBackup.Result(path: path, bytes: bytes, runs: copied)
    }
}

/// The layout of a data directory, whether a server holds it or not.
struct DataFolder {
    let path: String

    init(_ path: String) { self.path = path }

    var telemetry: String { path + "/telemetry" }
    var database: String { telemetry + "/telemetry.sqlite" }
    var arrays: String { path + "/replay" }

    func make() throws {
        for folder in [telemetry, arrays] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
    }
}

extension FileManager {
    func size(of path: String) -> Int { ((try? attributesOfItem(atPath: path))?[.size] as? Int) ?? 0 }
}
