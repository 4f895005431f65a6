import CHDF5
package import NIOCore
import Wire

/// An HDF5 file of any program, for reading.
///
/// Every method must run on the executor. `@unchecked Sendable`: the rest is constant.
package final class ForeignFile: @unchecked Sendable {
    package let path: String
    package let datasets: [ForeignDataset]
    private let byPath: [String: ForeignDataset]
    private let executor: HDF5Executor
    private let id: hid_t

    /// Opens a file that nobody is writing, or another process in SWMR mode.
    package init(_ path: String, on executor: HDF5Executor) throws(HDF5Error) {
        executor.assertIsCurrent()
        self.path = path
        self.executor = executor
        let file = try Self.open(path)
        do throws(HDF5Error) {
            let datasets = try Self.list(file, path)
            self.datasets = datasets
            byPath = Dictionary(datasets.map { ($0.path, $0) }, uniquingKeysWith: { $1 })
        } catch {
            H5Fclose(file)
            throw error
        }
        id = file
    }

    deinit {
        executor.later { [id] in
            if H5Fclose(id) < 0 { ErrorStack.clear() }
        }
    }

    /// Rows of a dataset as little-endian bytes of its `dtype`, whatever their form in the file.
    package func readRows(_ name: String, _ rows: Range<Int>) throws(HDF5Error) -> ByteBuffer {
        executor.assertIsCurrent()
        guard let dataset = byPath[name] else {
            throw HDF5Error(.invalid, "read rows", "\(path)/\(name)", "the file has no such dataset")
        }
        guard let dtype = dataset.dtype, let layout = try dataset.layout else {
            throw HDF5Error(.unsupported, "read rows", "\(path)/\(name)", "not numbers kept in this file")
        }
        guard rows.lowerBound >= 0, rows.upperBound <= dataset.rows else {
            throw HDF5Error(.invalid, "read rows", "\(path)/\(name)", "rows \(rows) of \(dataset.rows)")
        }
        let handle = try Handle(H5Dopen2(id, name, chdf5_default()), H5Dclose, "H5Dopen", "\(path)/\(name)")
        let type = try dtype.makeType()
        return try Dataspace.read(rows, rowBytes: layout.rowBytes, as: type.id, of: handle.id, "\(path)/\(name)")
    }

    /// Rows of a dataset of strings in one dimension; nil where it is something else.
    package func readTexts(_ name: String, _ rows: Range<Int>) throws(HDF5Error) -> [String]? {
        executor.assertIsCurrent()
        let subject = "\(path)/\(name)"
        guard let dataset = byPath[name], dataset.dimensions.count == 1 else { return nil }
        guard rows.lowerBound >= 0, rows.upperBound <= dataset.rows else {
            throw HDF5Error(.invalid, "read texts", subject, "rows \(rows) of \(dataset.rows)")
        }
        let handle = try Handle(H5Dopen2(id, name, chdf5_default()), H5Dclose, "H5Dopen", subject)
        return try Texts.read(rows, of: handle.id, subject)
    }

    /// Those of the rows that were ever written, where the file tells: where a row is a chunk, or in a run's file that was
    /// sealed.
    package func writtenRows(_ name: String, _ rows: Range<Int>) throws(HDF5Error) -> [Int] {
        executor.assertIsCurrent()
        let handle = try Handle(H5Dopen2(id, name, chdf5_default()), H5Dclose, "H5Dopen", "\(path)/\(name)")
        let creation = try Handle(H5Dget_create_plist(handle.id), H5Pclose, "H5Dget_create_plist", name)
        let dimensions = try Dataspace.dimensions(of: handle.id, name)
        var chunk = [hsize_t](repeating: 0, count: max(1, dimensions.count))
        guard H5Pget_layout(creation.id) == H5D_CHUNKED,
            H5Pget_chunk(creation.id, Int32(chunk.count), &chunk) == chunk.count, chunk[0] == 1
        else {
            let absent = try AbsentRows.read(of: handle.id)
            return rows.filter { row in !absent.contains { $0.contains(row) } }
        }
        var written: [Int] = []
        var place = [hsize_t](repeating: 0, count: chunk.count)
        for row in rows {
            place[0] = hsize_t(row)
            if try Dataset.storedSize(of: handle.id, at: place, "\(path)/\(name)/\(row)") > 0 { written.append(row) }
        }
        return written
    }

    /// Whether all rows of a dataset were written: of others a small file can claim any number.
    package func isWhole(_ name: String) throws(HDF5Error) -> Bool {
        executor.assertIsCurrent()
        let subject = "\(path)/\(name)"
        let handle = try Handle(H5Dopen2(id, name, chdf5_default()), H5Dclose, "H5Dopen", subject)
        let creation = try Handle(H5Dget_create_plist(handle.id), H5Pclose, "H5Dget_create_plist", subject)
        let dimensions = try Dataspace.dimensions(of: handle.id, subject)
        if dimensions.contains(0) { return true }
        let fileSize = try FileDescriptor(path, 0).size()
        guard H5Pget_layout(creation.id) == H5D_CHUNKED else {
            // All of its space, or none.
            let size = H5Dget_storage_size(handle.id)
            return size > 0 && size <= fileSize
        }
        var chunk = [hsize_t](repeating: 0, count: dimensions.count)
        try check(H5Pget_chunk(creation.id, Int32(chunk.count), &chunk), "H5Pget_chunk", subject)
        var chunks: UInt64 = 1
        for (size, step) in zip(dimensions, chunk) {
            let (product, overflow) = chunks.multipliedReportingOverflow(by: (UInt64(size) - 1) / max(1, step) + 1)
            // Asking how many there are is a walk over all that there could be.
            guard !overflow, product <= fileSize else { return false }
            chunks = product
        }
        let space = try Handle(H5Dget_space(handle.id), H5Sclose, "H5Dget_space", subject)
        var written: hsize_t = 0
        try check(H5Dget_num_chunks(handle.id, space.id, &written), "H5Dget_num_chunks", subject)
        return written == chunks
    }

    /// The scalar attributes of an object, strings and numbers, as text; "/" is the file's own.
    package func attributes(of object: String = "/") throws(HDF5Error) -> [String: String] {
        executor.assertIsCurrent()
        let handle = try Handle(H5Oopen(id, object, chdf5_default()), H5Oclose, "H5Oopen", "\(path)/\(object)")
        return try Attributes.readAll(of: handle.id, path: "\(path)/\(object)")
    }

    private static func open(_ path: String) throws(HDF5Error) -> hid_t {
        let signature = try FileDescriptor(path, 0).readStart(8)
        let access = try FileAccess.makeList(isLive: true)
        let id = H5Fopen(path, chdf5_read_only(), access.id)
        if id >= 0 { return id }
        ErrorStack.clear()
        do throws(HDF5Error) {
            return try check(H5Fopen(path, chdf5_read_only() | chdf5_swmr_read(), access.id), "H5Fopen", path)
        } catch {
            guard signature == Superblock.signature else {
                throw HDF5Error(.damaged, "open", path, "not an HDF5 file, or a damaged one: \(error.message)")
            }
            throw newer(path, error)
        }
    }

    private static func list(_ file: hid_t, _ path: String) throws(HDF5Error) -> [ForeignDataset] {
        do throws(HDF5Error) {
            var datasets: [ForeignDataset] = []
            for name in try DatasetNames.all(in: file, path) { datasets.append(try look(name, in: file)) }
            return datasets
        } catch {
            throw newer(path, error)
        }
    }

    private static func look(_ name: String, in file: hid_t) throws(HDF5Error) -> ForeignDataset {
        let handle = try Handle(H5Dopen2(file, name, chdf5_default()), H5Dclose, "H5Dopen", name)
        let type = try Handle(H5Dget_type(handle.id), H5Tclose, "H5Dget_type", name)
        let creation = try Handle(H5Dget_create_plist(handle.id), H5Pclose, "H5Dget_create_plist", name)
        // A file must not make us read other files: neither virtual nor external storage.
        let isElsewhere = H5Pget_layout(creation.id) == H5D_VIRTUAL || H5Pget_external_count(creation.id) > 0
        return ForeignDataset(
            path: name,
            dtype: isElsewhere ? nil : DType(type: type.id),
            dimensions: try Dataspace.dimensions(of: handle.id, name)
        )
    }

    /// An HDF5 file that this library cannot read: most likely one in formats that came after it.
    private static func newer(_ path: String, _ error: HDF5Error) -> HDF5Error {
        HDF5Error(
            .unsupported,
            error.operation,
            path,
            "\(error.message). The file is damaged, or in a format newer than HDF5 1.10, such as h5py's "
                + "libver=\"latest\": write it again with libver=\"v110\"",
            errno: error.errno
        )
    }
}
