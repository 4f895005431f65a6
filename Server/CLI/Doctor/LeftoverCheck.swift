import Foundation
import HDF5

/// Files of work that did not come to its end: drafts, sealing, compaction, repairs, backups; and those that were set aside.
struct LeftoverCheck {
    let folder: DataFolder
    /// Whether a server may be at that work just now.
    let isInUse: Bool

    var findings: [Finding] { unfinished + unknown }

    /// Files that were in the way of a run's, and of another database.
    private var unknown: [Finding] {
        names(in: folder.arrays, ending: [ArrayStore.unknownSuffix]).map { name in
            .warn(
                "leftovers",
                "\(folder.arrays)/\(name) was set aside: the database knew nothing of what is in it",
                remedy: "restore the database that it belongs to, or remove it"
            )
        }
    }

    private var unfinished: [Finding] {
        let drafts = names(in: folder.arrays, ending: ArrayStore.unfinishedSuffixes).map { "\(folder.arrays)/\($0)" }
        let backups = folder.backupNames.filter { $0.hasSuffix(Backup.unfinishedSuffix) }
        let paths = drafts + backups.map { "\(folder.backups)/\($0)" }
        guard !paths.isEmpty else { return [.ok("leftovers", "none of interrupted work")] }
        return paths.map { path in
            if isInUse { return .ok("leftovers", "\(path) is being made, or was left by an earlier server") }
            let isPutRight = [ArrayStore.sealingSuffix, RepairLog.suffix, Backup.unfinishedSuffix].contains {
                path.hasSuffix($0)
            }
            return .warn(
                "leftovers",
                "\(path) was not finished",
                remedy: isPutRight ? "nothing; the next start finishes or removes it" : "rm -r \"\(path)\""
            )
        }
    }

    private func names(in path: String, ending suffixes: [String]) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.sorted().filter { name in suffixes.contains { name.hasSuffix($0) } }
    }
}
