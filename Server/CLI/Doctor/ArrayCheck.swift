import Foundation
import HDF5
import Wire

/// The array files against what the database says is in them.
struct ArrayCheck {
    private static let mostNamed = 20

    let folder: DataFolder
    /// Whether a server may be writing: rows may then have come since the database was looked at.
    let isInUse: Bool

    private struct Run {
        let id: String
        let isDeleted: Bool
        let isOpen: Bool
        let committed: [String: Int]

        var expectsFile: Bool { !isDeleted && committed.values.contains { $0 > 0 } }
    }

    func findings(_ connection: Connection) throws -> [Finding] {
        let runs = try connection.rows("SELECT run_id, deleted_at IS NOT NULL, file_open FROM runs ORDER BY run_id") {
            Run(
                id: $0.string(0),
                isDeleted: $0.bool(1),
                isOpen: $0.bool(2),
                committed: try RunStore.committedRows($0.string(0), connection)
            )
        }
        var findings = try compare(runs.filter { !$0.isDeleted }) + strangers(runs)
        let open = runs.filter { $0.isOpen && !$0.isDeleted }
        if !isInUse, !open.isEmpty {
            let files = Human.plural(open.count, "file")
            // No server was started in a backup.
            let isBackup = !FileManager.default.fileExists(atPath: folder.lock)
            findings.append(
                isBackup
                    ? .ok("arrays", "\(files) not closed: a backup of a run that was being written")
                    : .warn(
                        "arrays",
                        "\(files) not closed, the first is that of run \(open[0].id): the last server was killed",
                        remedy: "nothing that was acknowledged is lost; the next start puts them right"
                    )
            )
        }
        return findings
    }

    private func compare(_ runs: [Run]) throws -> [Finding] {
        let executor = try HDF5Executor()
        var progress = ProgressBar("array files", total: runs.count)
        var faults: [Finding] = []
        var files = 0
        for run in runs {
            if FileManager.default.fileExists(atPath: folder.arrayFile(of: run.id)) {
                files += 1
                if let fault = fault(of: run, executor) { faults.append(fault) }
            } else if run.expectsFile {
                faults.append(
                    fault(run.id, "is missing, and the database knows of \(run.committed.values.max() ?? 0) rows in it")
                )
            }
            progress.advance(by: 1)
        }
        guard faults.isEmpty else {
            let rest = faults.count - Self.mostNamed
            let more = Finding.error("arrays", "\(rest) more are damaged", remedy: "run \(verification(""))")
            return faults.prefix(Self.mostNamed) + (rest > 0 ? [more] : [])
        }
        return [.ok("arrays", "\(Human.plural(files, "file")), each with the rows that the database knows of")]
    }

    /// What is wrong with a run's file.
    private func fault(of run: Run, _ executor: HDF5Executor) -> Finding? {
        let path = folder.arrayFile(of: run.id)
        do throws(HDF5Error) {
            // Half repaired: named among the leftovers.
            guard try !RepairLog.exists(path) else { return nil }
            let stored = try executor.sync { () throws(HDF5Error) in
                let file = try RunFile.openReadOnly(path, on: executor)
                var rows: [String: Int] = [:]
                for spec in try file.datasets { rows[spec.name] = try file.rows(of: spec.name) }
                try file.close()
                return rows
            }
            let short = run.committed.sorted { $0.key < $1.key }.first { stored[$0.key] ?? 0 < $0.value }
            return short.map { name, rows in
                fault(run.id, "has \(stored[name] ?? 0) rows in /\(name), \(rows) are committed")
            }
        } catch {
            if error.errno == EACCES {
                return .error("arrays", "\(path) can't be opened", remedy: "run this as the server's user")
            }
            return fault(run.id, "can't be read: \(error.message)")
        }
    }

    private func verification(_ run: String) -> String { "\"holdfast verify\(run) --data \(folder.path)\"" }

    private func fault(_ run: String, _ what: String) -> Finding {
        .error(
            "arrays",
            "\(folder.arrayFile(of: run)) \(what)",
            remedy:
                "put the file of a backup in its place while the server is stopped; \(verification(" \(run)")) says what is lost"
        )
    }

    /// Files of runs that the database does not know, or no longer.
    private func strangers(_ runs: [Run]) -> [Finding] {
        let live = Set(runs.filter { !$0.isDeleted }.map(\.id))
        let deleted = Set(runs.filter(\.isDeleted).map(\.id))
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.arrays)) ?? []
        return names.sorted().compactMap { name in
            guard name.hasSuffix(".h5") else { return nil }
            let run = String(name.dropLast(3))
            let path = "\(folder.arrays)/\(name)"
            if live.contains(run) || isInUse { return nil }
            if deleted.contains(run) {
                return .warn("arrays", "\(path) is of a deleted run", remedy: "nothing; the next start removes it")
            }
            return .warn(
                "arrays",
                "\(path) is of a run that the database does not know",
                remedy: "look into it (h5dump -H), then \"holdfast import\" it, or move it away"
            )
        }
    }
}
