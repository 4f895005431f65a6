import Foundation
import Wire

extension HoldfastServer {
    func openDirectory() throws -> DataDirectory {
        // That of a data directory, which looks like one to whoever has read it with other programs.
        guard !FileManager.default.fileExists(atPath: configuration.data + "/telemetry.sqlite") else {
            throw CommandFailure(
                code: CommandFailure.usage,
                message:
                    "\(configuration.data) holds a database itself; name the data directory, in whose folder telemetry the database is"
            )
        }
        let directory = try lockDirectory()
        let folder = DataFolder(directory.path)
        if let first = folder.filesWithoutDatabase.first {
            throw CommandFailure(
                code: CommandFailure.dataDamaged,
                message:
                    "the database \(folder.database) is gone or empty, but \(folder.arrays) has arrays that only it knows, as in \(first): see that the disk it was on is mounted, or restore a backup; to begin anew, move \(folder.arrays) away"
            )
        }
        return directory
    }

    private func lockDirectory() throws -> DataDirectory {
        var isFolder: ObjCBool = false
        let exists = unsafe FileManager.default.fileExists(atPath: configuration.data, isDirectory: &isFolder)
        guard isFolder.boolValue || !exists else {
            throw CommandFailure(
                code: CommandFailure.usage,
                message:
                    "\(configuration.data) is a file; the data are in a directory, which is made if it does not exist"
            )
        }
        do {
            return try DataDirectory(configuration.data)
        } catch let error as DataDirectory.InUse {
            throw CommandFailure(
                code: CommandFailure.dataInUse,
                message: "the data directory \(error.path) is in use by a server (\(error.holder)); stop it first"
            )
        } catch {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "the data directory \(configuration.data) can't be opened: \(error.localizedDescription); the server must be able to write to it"
            )
        }
    }

    func openCatalog(_ directory: DataDirectory, _ arrays: ArrayStore) throws -> (Catalog, LabelSettings) {
        do {
            try Schema.refuseNewer(database: directory.database)
            try Schema.refuseForeign(database: directory.database)
            let stored = try SettingsTable.read(LabelSettings.self, "labels", database: directory.database)
            let settings = try configuration.labelSettings(stored: stored)
            let catalog = try Catalog(
                path: directory.database,
                durability: configuration.durability,
                migrations: Schema.migrations(settings),
                arrays: arrays
            )
            if let keys = configuration.schemaKeys {
                try catalog.writeNow { try VariableKeys.declare(keys, $0) }
            }
            return (catalog, settings)
        } catch let error as SettingsError {
            throw CommandFailure(code: CommandFailure.usage, message: error.description)
        } catch let error as WireError {
            throw CommandFailure(code: CommandFailure.usage, message: "--schema-keys: \(error.message)")
        } catch let error as Migration.Failure {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "the database \(directory.database) could not be brought to this version's schema: the step \"\(error.step)\" failed (\(error.reason)). Nothing of this step was stored: put right what is in its way and start again, or restore the backup"
            )
        }
    }
}
