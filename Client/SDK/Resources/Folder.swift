import Glibc

/// The names in a folder.
enum Folder {
    /// The names in a folder but `.` and `..`; none when it can't be read.
    static func names(in path: String) -> [String] {
        // opendir(3) sets the close-on-exec flag itself.
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { field in
                unsafe field.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The numbers among the names in a folder, as /proc has them for processes and threads.
    static func numbers(in path: String) -> [pid_t] { names(in: path).compactMap { pid_t($0) } }

    /// Whether there is a file or folder of this path.
    static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }
}
