import CHDF5
import Glibc

extension RunFile {
    /// Creates a file; it appears under its name when it is complete and on disk.
    ///
    /// - Parameters:
    ///   - sealedAt: When the run's arrays were written anew, for a file that is to take another's place.
    ///   - pageBytes: The size of the pages in which the file's space is handed out; nil for one without pages.
    package static func create(
        _ path: String,
        attributes: [(name: String, value: String)],
        compression: Compression,
        datasets: [DatasetSpec] = [],
        sealedAt: String? = nil,
        pageBytes: Int? = nil,
        on executor: HDF5Executor
    ) throws(HDF5Error) -> RunFile {
        executor.assertIsCurrent()
        guard access(path, F_OK) != 0 else {
            throw HDF5Error(.invalid, "create", path, "a file of this name exists", errno: EEXIST)
        }
        try RepairLog.discard(path)
        try Draft.write(path) { (draft) throws(HDF5Error) in
            let file = try OpenFile.create(draft, pageBytes: pageBytes)
            for (name, value) in attributes { try Attributes.write(value, name: name, to: file.id) }
            // So that a file without rows tells it too.
            try Attributes.writeFixed(compression.description, name: "compression", to: file.id)
            if let sealedAt { try Attributes.writeFixed(sealedAt, name: "sealed_at", to: file.id) }
            for spec in datasets { try file.add(spec, rows: 0, compression: compression) }
            try file.close()
        }
        return try RunFile(OpenFile.openForWriting(path), isWritable: true, on: executor)
    }

    /// Adds datasets with a copy of the file that takes its place; with a live reader, and for what survives a loss
    /// of power, it must not be done in the file itself.
    func add(_ datasets: [(spec: DatasetSpec, rows: Int)]) throws(HDF5Error) {
        let (path, compression) = (path, compression)
        try reopen { () throws(HDF5Error) in
            try Draft.write(path) { (draft) throws(HDF5Error) in
                let target = try FileDescriptor(draft, O_WRONLY | O_CREAT | O_TRUNC)
                try FileDescriptor(path, O_RDONLY).copy(to: target)
                let file = try OpenFile.open(draft, chdf5_read_write())
                for (spec, rows) in datasets { try file.add(spec, rows: rows, compression: compression) }
                try file.close()
            }
        }
    }
}
