import CHDF5

/// How files are opened: the property list of every open and create.
enum FileAccess {
    /// Metadata reads that fail their checksum are tried this often: a reader of a damaged file would otherwise
    /// hang for minutes.
    private static let liveReadAttempts: UInt32 = 20

    /// - Parameters:
    ///   - repairs: Whether the file may still be marked as open and be longer or shorter than it says.
    ///   - isLive: Whether another process may be writing the file.
    ///   - overlay: What is opened in place of the file itself.
    static func makeList(
        repairs: Bool = false,
        isLive: Bool = false,
        overlay: Overlay? = nil
    ) throws(HDF5Error) -> Handle {
        let list = try Handle(H5Pcreate(chdf5_file_access()), H5Pclose, "H5Pcreate", "file access")
        // Not the latest formats: what h5py and this library can both read, and live readers need.
        try check(H5Pset_libver_bounds(list.id, H5F_LIBVER_V110, H5F_LIBVER_V110), "H5Pset_libver_bounds", "1.10")
        // A live reader's lock would make repair and reopening fail; the data directory has a lock of its own.
        try check(H5Pset_file_locking(list.id, false, true), "H5Pset_file_locking", "off")
        try check(H5Pset_fclose_degree(list.id, H5F_CLOSE_STRONG), "H5Pset_fclose_degree", "strong")
        let attempts = isLive ? liveReadAttempts : 1
        try check(H5Pset_metadata_read_attempts(list.id, attempts), "H5Pset_metadata_read_attempts", "\(attempts)")
        if let overlay { try OverlayDriver.use(overlay, in: list.id) }
        if repairs {
            for name in ["clear_status_flags", "skip_eof_check"] {
                var isOn: hbool_t = true
                try check(H5Pset(list.id, name, &isOn), "H5Pset", name)
            }
        }
        return list
    }
}
