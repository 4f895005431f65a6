import ArgumentParser
import Foundation
import HDF5

#if canImport(Glibc)
import Glibc
#endif

/// `holdfast repair-file`: the process in which a server has an array file repaired.
struct RepairFileCommand: ParsableCommand {
    static let name = "repair-file"
    static let configuration = CommandConfiguration(
        commandName: name,
        abstract: "Repair one array file for a server.",
        shouldDisplay: false
    )

    func run() throws {
        guard let line = readLine(), let job = try? JSONDecoder().decode(RepairJob.self, from: Data(line.utf8)) else {
            throw CommandFailure(
                code: CommandFailure.usage,
                message: "this is run by a server; see holdfast verify --repair"
            )
        }
        Thread.detachNewThread(Self.endWithServer)
        let folder = URL(fileURLWithPath: job.path).deletingLastPathComponent().path
        try Self.awaitTurn(in: folder)
        let faults = try FaultNotes(directory: folder)
        let executor = try HDF5Executor()
        executor.sync {
            Self.report(Self.outcome(of: job, on: executor))
            // At once: to close what a failure has left open is to use memory that it may have spoilt.
            _exit(EXIT_SUCCESS)
        }
        withExtendedLifetime(faults) {}
    }

    private static func outcome(of job: RepairJob, on executor: HDF5Executor) -> RepairReport {
        do throws(HDF5Error) {
            guard !job.isRebuild else {
                return .repaired(try RunFile.rebuild(job.path, committedRows: job.committedRows, on: executor))
            }
            let (file, recovery) = try RunFile.open(job.path, committedRows: job.committedRows, on: executor)
            try file.close()
            return .repaired(recovery)
        } catch {
            return .failed(error)
        }
    }

    private static func report(_ report: RepairReport) {
        guard let data = try? JSONEncoder().encode(report) else { return }
        try? FileHandle.standardOutput.write(contentsOf: data)
    }

    /// A server that was killed is followed by one that repairs the same file.
    private static func endWithServer() {
        while readLine() != nil {}
        _exit(EXIT_FAILURE)
    }

    /// Waits until no process that outlived its server for a moment is at work in the folder.
    private static func awaitTurn(in folder: String) throws {
        // Until this process ends.
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure(code: CommandFailure.other, message: "\(folder) can't be opened")
        }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else {
                throw CommandFailure(code: CommandFailure.other, message: "\(folder) can't be locked")
            }
        }
    }
}
