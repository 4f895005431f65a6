import NIOCore

extension RunFile {
    /// Writes columns, adding the datasets that the file does not have yet; not visible to others before `flush()`.
    ///
    /// After an error the file has an unknown part of them: close it, and open it with the committed counts.
    package func append(_ columns: [Column]) throws(HDF5Error) {
        var specs = try file.datasets.mapValues(\.spec)
        var missing: [DatasetSpec: Int] = [:]
        for column in columns {
            let spec = column.spec
            if specs[spec.name] == nil || missing[spec] != nil {
                missing[spec] = max(missing[spec] ?? 0, column.extent)
            }
            try require(spec, toBe: specs[spec.name] ?? spec)
            specs[spec.name] = spec
        }
        if !missing.isEmpty { try add(missing.map { ($0.key, $0.value) }) }
        for column in columns { try write(column) }
    }

    private func write(_ column: Column) throws(HDF5Error) {
        let dataset = try file.dataset(column.spec.name)
        // Chunks must lie inside the extent.
        if column.extent > dataset.extent { try dataset.setExtent(column.extent) }
        switch column.payload {
        case .chunks(let chunks):
            guard !dataset.spec.storage.isPlain else {
                throw HDF5Error(.invalid, "append", column.spec.name, "a plain dataset takes blocks")
            }
            for (firstRow, chunk) in chunks { try dataset.write(chunk, at: firstRow) }
        case .block(let start, let bytes):
            guard dataset.spec.storage.isPlain else {
                throw HDF5Error(.invalid, "append", column.spec.name, "a dataset of chunks takes encoded rows")
            }
            var failure: HDF5Error?
            bytes.withUnsafeReadableBytes { bytes in
                do throws(HDF5Error) { try dataset.writeBlock(bytes, from: start) } catch { failure = error }
            }
            if let failure { throw failure }
        }
    }

    private func require(_ spec: DatasetSpec, toBe present: DatasetSpec) throws(HDF5Error) {
        guard spec != present else { return }
        throw HDF5Error(
            .invalid,
            "append",
            "\(path)/\(spec.name)",
            "the dataset has rows of \(present.layout), \(present.storage); not of \(spec.layout), \(spec.storage)"
        )
    }
}
