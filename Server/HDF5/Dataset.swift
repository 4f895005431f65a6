import CHDF5
import Synchronization
import Wire

/// An open dataset of a run file.
final class Dataset {
    let spec: DatasetSpec
    private(set) var extent: Int
    /// Whether it was changed since the last flush.
    var isTouched = false
    let compression: Compression
    /// Tells this object from all others that were ever made.
    let number: Int
    private static let made = Atomic(0)
    private let handle: Handle
    let type: Handle
    /// The place of a row, for calls that want one number per dimension; only the first changes.
    var place: [hsize_t]

    var id: hid_t { handle.id }

    private init(
        _ spec: DatasetSpec,
        _ extent: Int,
        _ compression: Compression,
        _ handle: consuming Handle
    ) throws(HDF5Error) {
        self.spec = spec
        self.extent = extent
        self.compression = compression
        self.handle = handle
        number = Self.made.add(1, ordering: .relaxed).newValue
        type = try spec.layout.dtype.makeType()
        place = Array(repeating: 0, count: spec.layout.shape.count + 1)
    }

    /// Creates a dataset of `rows` fill rows.
    convenience init(
        creating spec: DatasetSpec,
        rows: Int,
        compression: Compression,
        in file: hid_t
    ) throws(HDF5Error) {
        try spec.checkName()
        let shape = spec.layout.shape.map { hsize_t($0) }
        // A chunk can't be empty, and be no larger than a fixed dimension: an empty one must be free to grow.
        let limits = [chdf5_unlimited()] + shape.map { $0 == 0 ? chdf5_unlimited() : $0 }
        let space = try Handle(
            H5Screate_simple(Int32(limits.count), [hsize_t(rows)] + shape, limits),
            H5Sclose,
            "H5Screate",
            spec.name
        )
        let creation = try Self.makeCreationList(spec, compression)
        let links = try Handle(H5Pcreate(chdf5_link_create()), H5Pclose, "H5Pcreate", "link")
        try check(H5Pset_create_intermediate_group(links.id, 1), "H5Pset_create_intermediate_group", spec.name)
        let access = try Self.makeAccessList(spec)
        let type = try spec.layout.dtype.makeType()
        let handle = try Handle(
            H5Dcreate2(file, spec.name, type.id, space.id, links.id, creation.id, access.id),
            H5Dclose,
            "H5Dcreate",
            spec.name
        )
        if !spec.absent.isEmpty { try AbsentRows.write(spec.absent, to: handle.id) }
        try self.init(spec, rows, compression, handle)
    }

    /// Opens a dataset that the file has.
    convenience init(opening name: String, compression: Compression, in file: hid_t) throws(HDF5Error) {
        let (spec, rows) = try Self.look(name, in: file)
        let access = try Self.makeAccessList(spec)
        let handle = try Handle(H5Dopen2(file, name, access.id), H5Dclose, "H5Dopen", name)
        try self.init(spec, rows, compression, handle)
    }

    private static func look(
        _ name: String,
        in file: hid_t
    ) throws(HDF5Error) -> (spec: DatasetSpec, rows: Int) {
        let handle = try Handle(H5Dopen2(file, name, chdf5_default()), H5Dclose, "H5Dopen", name)
        let type = try Handle(H5Dget_type(handle.id), H5Tclose, "H5Dget_type", name)
        let dimensions = try Dataspace.dimensions(of: handle.id, name)
        guard let rows = dimensions.first, let dtype = DType(type: type.id) else {
            throw HDF5Error(.unsupported, "open dataset", name, "not rows of numbers")
        }
        let creation = try Handle(H5Dget_create_plist(handle.id), H5Pclose, "H5Dget_create_plist", name)
        var chunk = [hsize_t](repeating: 0, count: dimensions.count)
        guard H5Pget_layout(creation.id) == H5D_CHUNKED,
            try check(H5Pget_chunk(creation.id, Int32(chunk.count), &chunk), "H5Pget_chunk", name) == chunk.count
        else { throw HDF5Error(.unsupported, "open dataset", name, "not stored in chunks") }
        let layout = try RowLayout(dtype: dtype, shape: Array(dimensions.dropFirst()))
        let chunkRows = Int(clamping: chunk[0])
        // A chunk of the library is smaller than this, so that the dataset is damaged.
        guard !chunkRows.multipliedReportingOverflow(by: max(1, layout.rowBytes)).overflow else {
            throw HDF5Error(.unsupported, "open dataset", name, "chunks of \(chunkRows) rows")
        }
        let filters = try check(H5Pget_nfilters(creation.id), "H5Pget_nfilters", name)
        let isPlain = chunkRows > 1 && filters == 0
        let spec = DatasetSpec(
            name: name,
            layout: layout,
            storage: isPlain ? .plain : .chunks(of: chunkRows),
            absent: chunkRows > 1 && !isPlain ? try AbsentRows.read(of: handle.id) : []
        )
        return (spec, rows)
    }

    private static func makeCreationList(_ spec: DatasetSpec, _ compression: Compression) throws(HDF5Error) -> Handle {
        let list = try Handle(H5Pcreate(chdf5_dataset_create()), H5Pclose, "H5Pcreate", spec.name)
        let chunk = [hsize_t(spec.chunkRows)] + spec.layout.shape.map { hsize_t(max($0, 1)) }
        try check(H5Pset_chunk(list.id, Int32(chunk.count), chunk), "H5Pset_chunk", spec.name)
        // With times the header would change by more than the number of rows, and `TornMetadata` could not tell what it was.
        try check(H5Pset_obj_track_times(list.id, false), "H5Pset_obj_track_times", spec.name)
        guard !spec.storage.isPlain else { return list }
        switch compression {
        case .none: break
        case .lzf:
            let values = LZFFilter.parameters(chunkBytes: spec.chunkRows * spec.layout.rowBytes)
            let optional = UInt32(H5Z_FLAG_OPTIONAL)
            try check(H5Pset_filter(list.id, LZFFilter.id, optional, values.count, values), "H5Pset_filter", spec.name)
        case .gzip(let level):
            try check(H5Pset_deflate(list.id, UInt32(level)), "H5Pset_deflate", spec.name)
        }
        return list
    }

    /// The library's chunk cache is a mebibyte per dataset: too much for a thousand open runs, and of no use to
    /// whole chunks.
    private static func makeAccessList(_ spec: DatasetSpec) throws(HDF5Error) -> Handle {
        let list = try Handle(H5Pcreate(chdf5_dataset_access()), H5Pclose, "H5Pcreate", spec.name)
        let bytes = spec.storage.isPlain ? min(4 << 20, 2 * spec.chunkRows * max(1, spec.layout.rowBytes)) : 0
        try check(H5Pset_chunk_cache(list.id, 7, bytes, 0.75), "H5Pset_chunk_cache", spec.name)
        return list
    }

    func setExtent(_ rows: Int) throws(HDF5Error) {
        let dimensions = [hsize_t(rows)] + spec.layout.shape.map { hsize_t($0) }
        isTouched = true
        try check(H5Dset_extent(id, dimensions), "H5Dset_extent", spec.name)
        extent = rows
    }

    func flush() throws(HDF5Error) {
        try check(H5Dflush(id), "H5Dflush", spec.name)
        isTouched = false
    }
}
