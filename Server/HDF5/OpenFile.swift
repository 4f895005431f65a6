import CHDF5

/// A file that the library has open, with all its datasets.
final class OpenFile {
    let id: hid_t
    let path: String
    private(set) var datasets: [String: Dataset] = [:]
    private var isOpen = true

    private init(_ id: hid_t, _ path: String) {
        self.id = id
        self.path = path
    }

    deinit { abandon() }

    /// Closes what is open, where nobody is left to be told of an error.
    func abandon() {
        guard isOpen else { return }
        FaultNotes.enter(path)
        isOpen = false
        datasets.removeAll()
        if H5Fclose(id) < 0 { ErrorStack.clear() }
    }

    /// Creates an empty file over whatever was at `path`.
    ///
    /// - Parameter pageBytes: Metadata and data each go to pages of this size; nil for a file without pages.
    static func create(_ path: String, pageBytes: Int? = nil) throws(HDF5Error) -> OpenFile {
        FaultNotes.enter(path)
        let access = try FileAccess.makeList()
        let creation = try Handle(H5Pcreate(chdf5_file_create()), H5Pclose, "H5Pcreate", "file creation")
        if let pageBytes {
            let strategy = H5F_FSPACE_STRATEGY_PAGE
            try check(H5Pset_file_space_strategy(creation.id, strategy, false, 1), "H5Pset_file_space_strategy", path)
            try check(H5Pset_file_space_page_size(creation.id, hsize_t(pageBytes)), "H5Pset_file_space_page_size", path)
        }
        let id = H5Fcreate(path, chdf5_truncate(), creation.id, access.id)
        return OpenFile(try check(id, "H5Fcreate", path), path)
    }

    /// Opens a file and its datasets.
    ///
    /// - Parameters:
    ///   - overlay: What is opened in place of the file itself.
    ///   - only: The one dataset that is opened; nil for all.
    static func open(
        _ path: String,
        _ flags: UInt32,
        repairs: Bool = false,
        isLive: Bool = false,
        overlay: Overlay? = nil,
        only: String? = nil
    ) throws(HDF5Error) -> OpenFile {
        FaultNotes.enter(path)
        let access = try FileAccess.makeList(repairs: repairs, isLive: isLive, overlay: overlay)
        let file = OpenFile(try check(H5Fopen(path, flags, access.id), "H5Fopen", path), path)
        let compression = try file.readCompression()
        let names = if let only { [only] } else { try DatasetNames.all(in: file.id, path) }
        for name in names {
            file.datasets[name] = try Dataset(opening: name, compression: compression, in: file.id)
        }
        return file
    }

    static func openForWriting(_ path: String) throws(HDF5Error) -> OpenFile {
        try open(path, chdf5_read_write() | chdf5_swmr_write())
    }

    func readCompression() throws(HDF5Error) -> Compression {
        guard let text = try Attributes.readFixed("compression", of: id), let compression = Compression(text) else {
            throw HDF5Error(.unsupported, "open", path, "its attribute \"compression\" is missing or unknown")
        }
        return compression
    }

    func add(_ spec: DatasetSpec, rows: Int, compression: Compression) throws(HDF5Error) {
        datasets[spec.name] = try Dataset(creating: spec, rows: rows, compression: compression, in: id)
    }

    func remove(_ name: String) throws(HDF5Error) {
        datasets[name] = nil
        try check(H5Ldelete(id, name, chdf5_default()), "H5Ldelete", "\(path)/\(name)")
    }

    func dataset(_ name: String) throws(HDF5Error) -> Dataset {
        guard let dataset = datasets[name] else {
            throw HDF5Error(.invalid, "access dataset", "\(path)/\(name)", "the file has no such dataset")
        }
        return dataset
    }

    /// First the datasets, then the file: only the latter records where the file ends.
    func flush() throws(HDF5Error) {
        for dataset in datasets.values where dataset.isTouched { try dataset.flush() }
        try check(H5Fflush(id, H5F_SCOPE_LOCAL), "H5Fflush", path)
    }

    func close() throws(HDF5Error) {
        guard isOpen else { return }
        FaultNotes.enter(path)
        isOpen = false
        datasets.removeAll()
        try check(H5Fclose(id), "H5Fclose", path)
    }
}
