import Foundation
import GRDB

#if canImport(Glibc)
import Glibc
#endif

/// All that `holdfast doctor` looks at, in an order in which what is wrong below explains what is wrong above it.
struct Examination {
    let folder: DataFolder
    let environment: [String: String]

    func findings() -> [Finding] {
        let before = [ProgramCheck.finding] + SettingsCheck(environment: environment).findings
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) else {
            return before + [
                .error(
                    "directory",
                    "\(folder.path) does not exist, or this user may not look there",
                    remedy: "name the data directory, or let \"holdfast serve --data \(folder.path)\" make it"
                )
            ]
        }
        guard isFolder.boolValue else {
            return before + [.error("directory", "\(folder.path) is not a folder", remedy: "name the data directory")]
        }
        // Of what can't be looked at, nothing more can be said.
        guard unsafe access(folder.path, R_OK | X_OK) == 0, !FileManager.default.isBarred(folder.database) else {
            return before + PermissionCheck(folder: folder).findings
        }
        guard isData else {
            return before + [
                .error(
                    "directory",
                    "\(folder.path) is no data directory: it has other files, and nothing of a server's",
                    remedy: "name the data directory"
                )
            ]
        }
        let holder = Holder(of: folder)
        return before + [holder.finding, DescriptorCheck(holder: holder).finding]
            + PermissionCheck(folder: folder).findings + VolumeCheck(path: folder.path).findings
            + databases(holder) + LeftoverCheck(folder: folder, isInUse: holder.isPresent).findings
    }

    /// Whether a server has used the directory, or can begin to.
    private var isData: Bool {
        let files = FileManager.default
        return [folder.telemetry, folder.arrays, folder.lock].contains(where: files.fileExists)
            || (try? files.contentsOfDirectory(atPath: folder.path))?.isEmpty ?? false
    }

    /// The server's database with what it knows of, then those of the backups.
    private func databases(_ holder: Holder) -> [Finding] {
        let orphans = folder.filesWithoutDatabase
        guard orphans.isEmpty else {
            return [
                .error(
                    "database",
                    "\(folder.database) is gone or empty, but \(folder.arrays) has \(orphans.count) array files that only it knows",
                    remedy: "see that the disk it was on is mounted, or restore a backup"
                )
            ]
        }
        guard FileManager.default.fileExists(atPath: folder.database) else {
            return [.ok("database", "there is none yet; the first start makes it")]
        }
        let own = DatabaseCheck(path: folder.database, subject: "database")
        var findings = own.findings { connection in
            try own.schema(connection) + SettingsCheck(environment: environment).stored(connection)
                + own.clock(connection, now: Timestamp.now())
                + ArrayCheck(folder: folder, isInUse: holder.isPresent).findings(connection)
        }
        findings.append(own.writeAheadLog(isInUse: holder.isPresent))
        for name in folder.backupNames where !name.hasSuffix(Backup.unfinishedSuffix) {
            let copy = DataFolder("\(folder.backups)/\(name)")
            guard FileManager.default.fileExists(atPath: copy.database) else {
                findings.append(
                    .warn("backup", "\(copy.path) has no database", remedy: "remove it: it can't be restored")
                )
                continue
            }
            findings += DatabaseCheck(path: copy.database, subject: "backup").findings()
        }
        return findings
    }
}
