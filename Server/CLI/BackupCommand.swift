import ArgumentParser
import Foundation
import GRDB
import Holdfast

/// `holdfast backup`
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a data directory while its server works.",
        discussion: """
            The copy is made by the server, under backups in its data directory, and is consistent: the database as it was at \
            one moment, and of every array at least what that refers to. Copy the folder to another machine; "holdfast restore" \
            makes a data directory of it.
            """
    )

    @Argument(help: "The copy's name. (default: the time)")
    var name: String?
    @OptionGroup var target: ServerTarget

    func run() async throws {
        let name = name
        try await target.run(doing: "the backup", patience: .seconds(86_400)) { client in
            let result = try await client.call(ServerBackup(backup: name))
            let megabytes = Double(result.bytes) / 1_048_576
            let size = String(format: "%.1f", megabytes)
            return "\(result.path): \(size) MB, \(Human.plural(result.runs, "run")) with arrays"
        }
    }
}

/// `holdfast restore`
struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Make a data directory of a backup.",
        discussion: """
            Then start the server on it. Training processes that are still alive notice that the server is older than what \
            they have sent, and send again what their spools still hold.
            """
    )

    @Argument(help: "The backup's folder.")
    var backup: String
    @Argument(help: "The data directory to make; it must not exist, or be empty.")
    var data: String

    /// Runs of which the database knows rows, and whose files are not there.
    private static func missing(in folder: DataFolder) throws -> [String] {
        try ReadOnlyDatabase.open(folder.database, isHeld: true).read { database in
            guard try database.tableExists("runs") else { return [] }
            return try RunStore.withoutFile(Connection(database)) {
                FileManager.default.fileExists(atPath: folder.arrayFile(of: $0))
            }
        }
    }

    func run() throws {
        let (source, target) = (DataFolder(backup), DataFolder(data))
        let files = FileManager.default
        guard files.fileExists(atPath: source.database) else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: files.isBarred(source.database)
                    ? "\(backup) can't be read by this user; run this as the server's user"
                    : "\(backup) is no backup: it has no \(source.database)"
            )
        }
        let log = source.database + "-wal"
        guard files.size(of: log) == 0 else {
            throw CommandFailure(
                code: CommandFailure.usage,
                message:
                    "\(backup) is no backup but a data directory: what is in \(log) would be missing; make a backup of it with holdfast backup"
            )
        }
        let present = (try? files.contentsOfDirectory(atPath: data)) ?? []
        guard present.isEmpty else {
            throw CommandFailure(code: CommandFailure.usage, message: "\(data) is not empty; name another folder")
        }
        do {
            try target.make()
            try files.copyItem(atPath: source.database, toPath: target.database)
            let names = (try? files.contentsOfDirectory(atPath: source.arrays)) ?? []
            var progress = ProgressBar("array files", total: names.count)
            for name in names {
                try files.copyItem(atPath: "\(source.arrays)/\(name)", toPath: "\(target.arrays)/\(name)")
                progress.advance(by: 1)
            }
            // What is wrong with the database itself, or only of an older version, the start says.
            let missing = (try? Self.missing(in: target)) ?? []
            guard missing.isEmpty else {
                throw CommandFailure(
                    code: CommandFailure.dataDamaged,
                    message:
                        "\(data) is made, but \(backup) lacks the array files of \(Human.plural(missing.count, "run")), such as \(missing[0]): look for them in another backup, or start it without"
                )
            }
            print("\(data): the database and \(names.count) array files; start it with: holdfast serve --data \(data)")
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(backup) could not be restored to \(data): \(error.localizedDescription)"
            )
        }
    }
}
