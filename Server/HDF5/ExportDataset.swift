import CHDF5
import NIOCore

/// A dataset of an ``ExportFile``: chunks of many rows, compressed with gzip, which every program reads.
final class ExportDataset {
    enum Content {
        case numbers(RowLayout)
        /// Strings in UTF-8 of any length.
        case texts
    }

    private static let chunkBytes = 1 << 18
    private static let level: UInt32 = 4

    private let name: String
    private let shape: [hsize_t]
    private let rowBytes: Int
    private let handle: Handle
    private let type: Handle
    private var rows = 0

    init(
        _ name: String,
        _ content: Content,
        rows expected: Int,
        links: borrowing Handle,
        in file: hid_t
    ) throws(HDF5Error) {
        self.name = name
        switch content {
        case .numbers(let layout):
            shape = layout.shape.map { hsize_t($0) }
            rowBytes = layout.rowBytes
            type = try layout.dtype.makeType()
        case .texts:
            shape = []
            rowBytes = MemoryLayout<UnsafePointer<CChar>>.stride
            type = try Handle(H5Tcopy(chdf5_c_string()), H5Tclose, "H5Tcopy", name)
            try check(H5Tset_size(type.id, chdf5_variable()), "H5Tset_size", name)
            try check(H5Tset_cset(type.id, H5T_CSET_UTF8), "H5Tset_cset", name)
        }
        let limits = [chdf5_unlimited()] + shape.map { $0 == 0 ? chdf5_unlimited() : $0 }
        let space = try Handle(
            H5Screate_simple(Int32(limits.count), [0] + shape, limits),
            H5Sclose,
            "H5Screate",
            name
        )
        let chunkRows = max(1, min(expected, Self.chunkBytes / max(1, rowBytes)))
        let creation = try Handle(H5Pcreate(chdf5_dataset_create()), H5Pclose, "H5Pcreate", name)
        let chunk = [hsize_t(chunkRows)] + shape.map { max($0, 1) }
        try check(H5Pset_chunk(creation.id, Int32(chunk.count), chunk), "H5Pset_chunk", name)
        try check(H5Pset_deflate(creation.id, Self.level), "H5Pset_deflate", name)
        // Room for the chunk that is being filled, which would else be compressed again and again.
        let access = try Handle(H5Pcreate(chdf5_dataset_access()), H5Pclose, "H5Pcreate", name)
        try check(H5Pset_chunk_cache(access.id, 7, 2 * chunkRows * max(1, rowBytes), 1), "H5Pset_chunk_cache", name)
        handle = try Handle(
            H5Dcreate2(file, name, type.id, space.id, links.id, creation.id, access.id),
            H5Dclose,
            "H5Dcreate",
            name
        )
    }

    func append(_ bytes: ByteBuffer) throws(HDF5Error) {
        guard rowBytes > 0, bytes.readableBytes.isMultiple(of: rowBytes) else {
            throw HDF5Error(.invalid, "append", name, "\(bytes.readableBytes) bytes for rows of \(rowBytes)")
        }
        let added = try grow(by: bytes.readableBytes / rowBytes)
        let result = bytes.withUnsafeReadableBytes {
            H5Dwrite(handle.id, type.id, added.memory.id, added.file.id, chdf5_default(), $0.baseAddress)
        }
        try check(result, "H5Dwrite", name)
    }

    func append(_ texts: [String]) throws(HDF5Error) {
        let added = try grow(by: texts.count)
        // One block with all texts, each with its zero, and where each begins.
        var bytes: [CChar] = []
        let starts = texts.map { text in
            defer {
                bytes.append(contentsOf: text.utf8.lazy.filter { $0 != 0 }.map { CChar(bitPattern: $0) })
                bytes.append(0)
            }
            return bytes.count
        }
        let result = bytes.withUnsafeBufferPointer { block in
            let pointers = starts.map { start in block.baseAddress.map { $0 + start } }
            return pointers.withUnsafeBufferPointer {
                H5Dwrite(handle.id, type.id, added.memory.id, added.file.id, chdf5_default(), $0.baseAddress)
            }
        }
        try check(result, "H5Dwrite", name)
    }

    private func grow(by count: Int) throws(HDF5Error) -> SelectedRows {
        let first = rows
        rows += count
        try check(H5Dset_extent(handle.id, [hsize_t(rows)] + shape), "H5Dset_extent", name)
        return try Dataspace.select(first..<rows, of: handle.id, name)
    }
}
