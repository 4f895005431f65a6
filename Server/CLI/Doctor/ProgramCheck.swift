import GRDBSQLite
import HDF5
import PNG

/// The program and the libraries that it was started with.
enum ProgramCheck {
    static var finding: Finding {
        let libraries =
            [("SQLite", unsafe String(cString: sqlite3_libversion()))] + HDF5Libraries.versions
            + [("libpng", PNGLibrary.version)]
        let list = libraries.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return .ok("program", "holdfast \(holdfastVersion) with \(list)")
    }
}
