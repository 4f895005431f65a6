package import NIOCore

extension RunFile {
    /// A row as it is stored, to be decompressed elsewhere; nil for a fill row or one beyond the last.
    package func storedRow(_ dataset: String, _ index: Int) throws(HDF5Error) -> ChunkedRow? {
        try storedRows(dataset, [index])[0]
    }

    /// Rows as they are stored, in the order asked for; neighbours in a chunk share it.
    package func storedRows(_ dataset: String, _ indices: [Int]) throws(HDF5Error) -> [ChunkedRow?] {
        let dataset = try chunks(dataset)
        var rows: [ChunkedRow?] = []
        rows.reserveCapacity(indices.count)
        do throws(HDF5Error) {
            for index in indices { rows.append(try dataset.read(index, after: rows.last ?? nil)) }
        } catch {
            throw error.asDamage()
        }
        return rows
    }

    /// Whether a row was ever written.
    package func has(_ dataset: String, _ index: Int) throws(HDF5Error) -> Bool {
        let dataset = try chunks(dataset)
        do throws(HDF5Error) { return try dataset.has(index) } catch { throw error.asDamage() }
    }

    /// The rows of a range that were never written.
    package func absentRows(_ dataset: String, in range: Range<Int>) throws(HDF5Error) -> [Int] {
        let dataset = try chunks(dataset)
        var rows: [Int] = []
        do throws(HDF5Error) {
            for index in range where try !dataset.has(index) { rows.append(index) }
        } catch {
            throw error.asDamage()
        }
        return rows
    }

    /// When the run's arrays were written anew; nil in a file that was not.
    package var sealedAt: String? {
        get throws(HDF5Error) { try Attributes.readFixed("sealed_at", of: file.id) }
    }

    /// Neighbouring rows of a plain dataset.
    package func readBlock(_ dataset: String, _ rows: Range<Int>) throws(HDF5Error) -> ByteBuffer {
        let dataset = try file.dataset(dataset)
        do throws(HDF5Error) { return try dataset.readBlock(rows) } catch { throw error.asDamage() }
    }

    private func chunks(_ name: String) throws(HDF5Error) -> Dataset {
        let dataset = try file.dataset(name)
        guard !dataset.spec.storage.isPlain else {
            throw HDF5Error(.invalid, "read row", "\(path)/\(name)", "a plain dataset is read in blocks")
        }
        return dataset
    }
}
