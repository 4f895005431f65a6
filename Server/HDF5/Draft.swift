import Glibc

/// A file that is written under another name first, so that it is never seen half done.
package enum Draft {
    /// Behind the name of a file that is not finished.
    package static let suffix = ".draft"

    /// Writes a draft, syncs it, and gives it its name; a draft that failed is removed.
    static func write(_ path: String, by body: (String) throws(HDF5Error) -> Void) throws(HDF5Error) {
        let draft = path + suffix
        do throws(HDF5Error) {
            try body(draft)
            try FileDescriptor(draft, O_RDONLY).synchronize()
            guard rename(draft, path) == 0 else { throw HDF5Error.system("rename", path) }
        } catch {
            unlink(draft)
            throw error
        }
        try FileDescriptor.synchronizeDirectory(of: path)
    }
}
