import HDF5
import NIOCore
import Wire

/// A value as bytes: its JSON, and the bytes of its arrays behind.
enum StoredValue {
    static func encode(_ value: VariableValue) throws -> ByteBuffer {
        let sink = AttachmentSink()
        let json = try JSONCoding.encode(value, sink: sink)
        var bytes = ByteBuffer()
        bytes.reserveCapacity(([json] + sink.attachments).reduce(4) { $0 + 8 + $1.readableBytes } + Leaves.size)
        bytes.writeInteger(UInt32(sink.attachments.count), endianness: .little)
        for part in [json] + sink.attachments {
            bytes.writeInteger(UInt64(part.readableBytes), endianness: .little)
            bytes.writeImmutableBuffer(part)
        }
        return bytes
    }

    static func decode(_ bytes: ByteBuffer) throws -> VariableValue {
        var bytes = bytes
        func part() throws -> ByteBuffer {
            guard let size = bytes.readInteger(endianness: .little, as: UInt64.self), let count = Int(exactly: size),
                let part = bytes.readSlice(length: count)
            else { throw WireError(.internalError, "a stored value is damaged") }
            return part
        }
        guard let count = bytes.readInteger(endianness: .little, as: UInt32.self) else {
            throw WireError(.internalError, "a stored value is damaged")
        }
        let json = try part()
        let attachments = try (0..<count).map { _ in try part() }
        return try JSONCoding.decode(VariableValue.self, from: json, attachments: attachments)
    }

    /// Throws unless a table's columns are equally long, and arrays as they are said to be.
    static func check(_ value: VariableValue) throws {
        switch value {
        case .pieces: return
        case .json(let value): try Attachment.checkHasNoArray(value, "value.json")
        case .array(let array): try check(array)
        case .table(let columns):
            guard columns.count <= 10_000 else { throw WireError.invalidParams("a table has at most 10 000 columns") }
            var rows: Int?
            for (name, column) in columns.sorted(by: { $0.key < $1.key }) {
                let count = try count(of: column, name)
                guard rows ?? count == count else {
                    throw WireError.invalidParams("table.\(name) has \(count) rows, another column \(rows ?? 0)")
                }
                rows = count
            }
        }
    }

    private static func check(_ array: ArrayValue) throws {
        guard array.rows == nil else {
            throw WireError.invalidParams("the arrays of a variable can't be compressed rows")
        }
    }

    private static func count(of column: TableColumn, _ name: String) throws -> Int {
        do {
            switch column {
            case .values(let values):
                try Attachment.checkHasNoArray(.array(values), "its values")
                return values.count
            case .strings(let column):
                try check(column.codes)
                guard column.codes.shape.count == 1 else { throw WireError.invalidParams("codes have one dimension") }
                _ = try column.decodedCodes(count: column.codes.count)
                return column.codes.count
            case .numbers(let column):
                try check(column.values)
                guard let count = column.values.shape.first else {
                    throw WireError.invalidParams("a column has at least one dimension")
                }
                _ = try column.mask(count: count)
                return count
            }
        } catch {
            throw WireError.invalidParams("table.\(name): \(error)")
        }
    }
}

/// Large values in the array file of the run "variables": rows of 2^20 bytes, the last one filled up with zeros.
enum Leaves {
    static let size = 1 << 20
    /// What is smaller is kept in the database. Measured: from here on the array file is faster.
    static let inlineLimit = 128 << 10
    static let dataset = "leaves"

    static func spec() throws -> DatasetSpec {
        DatasetSpec(
            name: dataset,
            layout: try RowLayout(dtype: .uint8, shape: [size]),
            storage: .chunkPerRow
        )
    }

    static func count(of bytes: Int) -> Int { (bytes + size - 1) / size }

    /// Fills a value up to whole rows; in place, where it has room behind it.
    static func fill(_ bytes: inout ByteBuffer) {
        let missing = count(of: bytes.readableBytes) * size - bytes.readableBytes
        // Nothing is written where nothing is missing: that would copy bytes that others hold, too.
        if missing > 0 { bytes.writeRepeatingByte(0, count: missing) }
    }

    /// The rows of a value that was filled up, compressed.
    static func encode(_ bytes: ByteBuffer, _ arrays: ArrayStore) async throws -> [EncodedChunk] {
        let array = try ArrayValue(dtype: .uint8, shape: [count(of: bytes.readableBytes), size], bytes: bytes)
        return try await arrays.encode(try RowSource(rowsOf: array), for: .lzf)
    }

    /// The bytes of a value.
    static func read(first: Int, bytes: Int, _ arrays: ArrayStore) async throws -> ByteBuffer {
        let refs = (first..<first + count(of: bytes)).map {
            FrameRef(runID: RunID.variables, dataset: dataset, index: $0)
        }
        let rows = try await arrays.stored(refs).compactMap(\.self)
        guard rows.count == refs.count, var whole = try await arrays.stack(rows)?.bytes,
            let value = whole.readSlice(length: bytes)
        else { throw WireError(.runDamaged, "the array file of variables lacks rows") }
        return value
    }
}
