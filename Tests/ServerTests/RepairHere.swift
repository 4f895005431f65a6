import HDF5

@testable import Server

/// Repairs in this process: a test's is not the server's program.
struct RepairHere: FileRepair {
    func repair(_ path: String, committedRows: [String: Int]) throws(HDF5Error) -> Recovery {
        let executor = try HDF5Executor()
        return try executor.sync { () throws(HDF5Error) in
            let (file, recovery) = try RunFile.open(path, committedRows: committedRows, on: executor)
            try file.close()
            return recovery
        }
    }
}
