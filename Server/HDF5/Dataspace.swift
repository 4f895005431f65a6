import CHDF5
import NIOCore

/// Dimensions of datasets, and ranges of their rows.
enum Dataspace {
    static func dimensions(of dataset: hid_t, _ name: String) throws(HDF5Error) -> [Int] {
        let space = try Handle(H5Dget_space(dataset), H5Sclose, "H5Dget_space", name)
        let rank = try check(H5Sget_simple_extent_ndims(space.id), "H5Sget_simple_extent_ndims", name)
        var sizes = [hsize_t](repeating: 0, count: Int(rank))
        try check(H5Sget_simple_extent_dims(space.id, &sizes, nil), "H5Sget_simple_extent_dims", name)
        return sizes.map { Int(clamping: $0) }
    }

    /// The two spaces of a transfer of neighbouring rows: that of the memory, and the selection in the file.
    static func select(
        _ rows: Range<Int>,
        of dataset: hid_t,
        _ name: String
    ) throws(HDF5Error) -> SelectedRows {
        let file = try Handle(H5Dget_space(dataset), H5Sclose, "H5Dget_space", name)
        var counts = try dimensions(of: dataset, name).map { hsize_t($0) }
        var starts = [hsize_t](repeating: 0, count: counts.count)
        // A scalar has one row and no dimension to select from.
        if !counts.isEmpty {
            counts[0] = hsize_t(rows.count)
            starts[0] = hsize_t(rows.lowerBound)
            let result = H5Sselect_hyperslab(file.id, H5S_SELECT_SET, starts, nil, counts, nil)
            try check(result, "H5Sselect_hyperslab", name)
        }
        let memory = try Handle(
            H5Screate_simple(Int32(counts.count), counts, nil),
            H5Sclose,
            "H5Screate_simple",
            name
        )
        return SelectedRows(memory: memory, file: file)
    }

    /// Neighbouring rows as bytes of the given type, converted by the library where the file's differs.
    static func read(
        _ rows: Range<Int>,
        rowBytes: Int,
        as type: hid_t,
        of dataset: hid_t,
        _ name: String
    ) throws(HDF5Error) -> ByteBuffer {
        let (size, overflow) = rows.count.multipliedReportingOverflow(by: rowBytes)
        // A buffer counts in 32 bits.
        guard !overflow, size <= Int(UInt32.max) / 2 else {
            throw HDF5Error(.invalid, "read rows", name, "\(rows.count) rows of \(rowBytes) bytes are too many at once")
        }
        guard size > 0 else { return ByteBuffer() }
        let selected = try select(rows, of: dataset, name)
        return try ByteBuffer.filled(size, "H5Dread", name) { target in
            H5Dread(dataset, type, selected.memory.id, selected.file.id, chdf5_default(), target)
        }
    }
}

/// The two dataspaces of one transfer.
struct SelectedRows: ~Copyable {
    let memory: Handle
    let file: Handle
}

extension ByteBuffer {
    /// A buffer whose bytes a call of the library writes.
    static func filled(
        _ size: Int,
        _ operation: String,
        _ subject: @autoclosure () -> String,
        by call: (UnsafeMutableRawPointer?) -> herr_t
    ) throws(HDF5Error) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: size)
        var result: herr_t = 0
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            result = call(target.baseAddress)
            return size
        }
        try check(result, operation, subject())
        return buffer
    }
}
