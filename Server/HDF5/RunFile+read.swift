package import NIOCore

extension RunFile {
    /// A row as it is stored, to be decompressed elsewhere; nil for a fill row or one beyond the last.
    package func storedRow(_ dataset: String, _ index: Int) throws(HDF5Error) -> EncodedRow? {
        try storedRows(dataset, [index])[0]
    }

    /// Rows as they are stored, in the order asked for.
    package func storedRows(_ dataset: String, _ indices: [Int]) throws(HDF5Error) -> [EncodedRow?] {
        let dataset = try chunks(dataset)
        var rows: [EncodedRow?] = []
        rows.reserveCapacity(indices.count)
        do throws(HDF5Error) {
            for index in indices { rows.append(try dataset.read(index)) }
        } catch {
            throw error.asDamage()
        }
        return rows
    }

    /// Neighbouring rows of a plain dataset.
    package func readBlock(_ dataset: String, _ rows: Range<Int>) throws(HDF5Error) -> ByteBuffer {
        let dataset = try file.dataset(dataset)
        do throws(HDF5Error) { return try dataset.readBlock(rows) } catch { throw error.asDamage() }
    }

    private func chunks(_ name: String) throws(HDF5Error) -> Dataset {
        let dataset = try file.dataset(name)
        guard dataset.spec.storage == .chunkPerRow else {
            throw HDF5Error(.invalid, "read row", "\(path)/\(name)", "a plain dataset is read in blocks")
        }
        return dataset
    }
}
