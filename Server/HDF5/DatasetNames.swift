import CHDF5

/// The datasets of a file.
enum DatasetNames {
    /// The paths of all datasets, without a leading slash, in order; links to elsewhere are not followed.
    static func all(in file: hid_t, _ path: String) throws(HDF5Error) -> [String] {
        var names: [String] = []
        let result = withUnsafeMutablePointer(to: &names) { names in
            H5Ovisit2(
                file,
                H5_INDEX_NAME,
                H5_ITER_INC,
                { _, name, info, names in
                    if let name, info?.pointee.type == H5O_TYPE_DATASET {
                        names?.assumingMemoryBound(to: [String].self).pointee.append(String(cString: name))
                    }
                    return 0
                },
                names,
                UInt32(H5O_INFO_BASIC)
            )
        }
        try check(result, "H5Ovisit", path)
        return names
    }
}
