import Foundation
import Glibc
import HDF5
import Logging

extension ArrayStore {
    static let sealingSuffix = ".h5.sealing"

    /// Puts the sealed file in the place of a run's; on the writer's thread, after the commit that says so.
    func replaceBySealed(_ runID: String) {
        do throws(HDF5Error) { try replace(runID, by: sealingPath(runID)) } catch {
            logger.error("a sealed file could not take its place", metadata: ["run": "\(runID)", "error": "\(error)"])
        }
    }

    /// At start-up: finishes what a commit says was sealed, and removes what was not finished.
    ///
    /// - Parameter sealedAt: When a run was sealed by what is committed.
    func finishSealing(sealedAt: (String) throws -> String?) rethrows {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            guard let end = name.range(of: Self.sealingSuffix)?.lowerBound else { continue }
            let runID = String(name[..<end])
            if name == runID + Self.sealingSuffix, let committed = try sealedAt(runID),
                committed == self.sealedAt(sealingPath(runID))
            {
                replaceBySealed(runID)
            } else {
                try? FileManager.default.removeItem(atPath: "\(directory)/\(name)")
            }
        }
    }

    /// The file that a run is sealed into.
    func sealingPath(_ runID: String) -> String { "\(directory)/\(runID)\(Self.sealingSuffix)" }

    /// When the run of a whole file was sealed; nil for any other file.
    private func sealedAt(_ path: String) -> String? {
        executor.sync {
            do throws(HDF5Error) {
                let file = try openReadOnly(path)
                let sealedAt = try file.sealedAt
                try file.close()
                return sealedAt
            } catch {
                return nil
            }
        }
    }

    /// Puts a file in the place of a run's; on the writer's thread.
    func replace(_ runID: String, by source: String) throws(HDF5Error) {
        let target = path(runID)
        willReplace(runID)
        try executor.sync { () throws(HDF5Error) in
            // In one job, so that no reader opens the old one in between.
            try open.close(runID)
            guard unsafe rename(source, target) == 0 else {
                throw HDF5Error(.failed, "rename", source, "it could not take the place of \(target)", errno: errno)
            }
        }
        try? FileManager.default.synchronize(directory)
    }
}
