import Foundation
import HDF5

#if canImport(Glibc)
import Glibc
#endif

/// Repairs array files in processes of their own, one for each.
///
/// What a loss of power leaves can make the library crash, or spoil its memory so that it crashes in the next file. A process
/// that ends takes that with it; one that fails in place is followed by one that rebuilds the file.
struct RepairProcess: FileRepair {
    /// This program, even where another one has been installed over it.
    private static let program = URL(fileURLWithPath: "/proc/self/exe")
    private static let crashes = [SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP]

    func repair(_ path: String, committedRows: [String: Int]) throws(HDF5Error) -> Recovery {
        var job = RepairJob(path: path, committedRows: committedRows, isRebuild: false)
        switch try run(job) {
        case .repaired(let recovery): return recovery
        case .failed(let error) where error.kind != .torn: throw error
        case .failed, nil: job.isRebuild = true
        }
        switch try run(job) {
        case .repaired(let recovery): return recovery
        case .failed(let error): throw error
        case nil:
            throw HDF5Error(.damaged, "repair", path, "libhdf5 crashed in it; put a copy from a backup in its place")
        }
    }

    /// What the process of a job reports; nil if it crashed.
    private func run(_ job: RepairJob) throws(HDF5Error) -> RepairReport? {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = [RepairFileCommand.name]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        // One that ends early is told from its status, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        let report: Data
        do {
            try process.run()
            try? input.fileHandleForWriting.write(contentsOf: JSONEncoder().encode(job) + [UInt8(ascii: "\n")])
            report = output.fileHandleForReading.readDataToEndOfFile()
            // Not before: that its input ends tells the process that nobody waits for it any more.
            try? input.fileHandleForWriting.close()
        } catch {
            throw HDF5Error(.failed, "repair", job.path, "its process can't be started: \(error.localizedDescription)")
        }
        process.waitUntilExit()
        let status = process.terminationStatus
        if process.terminationReason == .uncaughtSignal, Self.crashes.contains(status) { return nil }
        guard let report = try? JSONDecoder().decode(RepairReport.self, from: report) else {
            let end = process.terminationReason == .exit ? "exit code" : "signal"
            throw HDF5Error(.failed, "repair", job.path, "its process ended by \(end) \(status) and said nothing")
        }
        return report
    }
}

/// What the process is asked to do: a line of JSON on its standard input, which stays open until it is done.
struct RepairJob: Codable {
    let path: String
    let committedRows: [String: Int]
    /// Whether the file is to be rebuilt, rather than repaired in place.
    var isRebuild: Bool
}

/// What came of it: JSON on its standard output.
enum RepairReport: Codable {
    case repaired(Recovery)
    case failed(HDF5Error)
}
