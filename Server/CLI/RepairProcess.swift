import Foundation
import HDF5
import Holdfast

#if canImport(Glibc)
import Glibc
#endif

/// Repairs array files in processes of their own, one for each.
///
/// What a loss of power leaves can make the library crash, or spoil its memory so that it crashes in the next file. A process
/// that ends takes that with it; one that fails in place is followed by one that rebuilds the file.
struct RepairProcess: FileRepair {
    /// This program, even where another one has been installed over it.
    private static let program = "/proc/self/exe"
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
        guard let (end, theirs) = ChildProcess.connectedSockets() else { throw HDF5Error.system("repair", job.path) }
        // Not before its end: that its input ends tells the process that nobody waits for it any more.
        defer { close(end) }
        let process: ChildProcess
        do throws(ChildProcess.Failure) {
            defer { close(theirs) }
            process = try ChildProcess(Self.program, [RepairFileCommand.name], input: theirs, output: theirs)
        } catch {
            throw Self.failure(job, "\(error)")
        }
        let report = Self.ask(job, end)
        let ending = process.wait()
        if case .signal(let number) = ending, Self.crashes.contains(number) { return nil }
        guard let report = try? JSONDecoder().decode(RepairReport.self, from: report) else {
            let how = ending.map { "\($0)" } ?? "unknown"
            throw Self.failure(job, "its process said nothing; its end: \(how)")
        }
        return report
    }

    /// Sends a job, and returns all that comes.
    private static func ask(_ job: RepairJob, _ end: Int32) -> Data {
        let file = FileHandle(fileDescriptor: end, closeOnDealloc: false)
        // One that ends early is told from how it ends, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        try? file.write(contentsOf: JSONEncoder().encode(job) + [UInt8(ascii: "\n")])
        // One that has not read its job resets the connection.
        return (try? file.readToEnd()) ?? Data()
    }

    private static func failure(_ job: RepairJob, _ message: String) -> HDF5Error {
        HDF5Error(.failed, "repair", job.path, message)
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
