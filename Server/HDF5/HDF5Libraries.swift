import CDeflate
import CHDF5

/// The C libraries under this target, as they were loaded.
package enum HDF5Libraries {
    /// Their names with their versions; libdeflate tells only which one was compiled against.
    package static var versions: [(String, String)] {
        var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
        H5get_libversion(&major, &minor, &release)
        return [
            ("HDF5", "\(major).\(minor).\(release)"), ("zlib", String(cString: zlibVersion())),
            ("libdeflate", LIBDEFLATE_VERSION_STRING),
        ]
    }
}
