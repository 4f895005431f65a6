import HDF5
import NIOCore
import Wire

/// The rows of an array that came over the wire: n rows of one layout, raw or each compressed by itself.
struct RowSource: Sendable {
    let layout: RowLayout
    let count: Int
    /// All of a request's rows may be in memory at once.
    static let mostBytes = 1 << 30
    private let array: ArrayValue
    private let offsets: [Int]

    /// Takes an array (n, …) apart along its first dimension.
    init(rowsOf array: ArrayValue) throws {
        guard let count = array.shape.first else { throw WireError.invalidParams("an array of rows needs a dimension") }
        let layout = try RowLayout(dtype: array.dtype, shape: Array(array.shape.dropFirst()))
        if array.rows != nil {
            let (bytes, overflows) = layout.rowBytes.multipliedReportingOverflow(by: count)
            guard !overflows, bytes <= Self.mostBytes else {
                throw WireError.invalidParams(
                    "\(count) rows of \(layout.rowBytes) bytes are more than a request may decompress to, \(Self.mostBytes) bytes"
                )
            }
        }
        let sizes = array.rows?.sizes ?? [Int](repeating: layout.rowBytes, count: count)
        self.init(array: array, layout: layout, sizes: sizes)
    }

    /// Takes a whole array as one row.
    init(row array: ArrayValue) throws {
        guard array.rows == nil else { throw WireError.invalidParams("only columns can have compressed rows") }
        let layout = try RowLayout(dtype: array.dtype, shape: array.shape)
        self.init(array: array, layout: layout, sizes: [layout.rowBytes])
    }

    private init(array: ArrayValue, layout: RowLayout, sizes: [Int]) {
        self.array = array
        self.layout = layout
        self.count = sizes.count
        var offset = 0
        offsets =
            [0]
            + sizes.map { size in
                offset += size
                return offset
            }
    }

    /// The row in the form in which a file with the given compression keeps it.
    ///
    /// A row that the client compressed is decompressed to check it, and kept as it came where the form is the same.
    func encoded(_ index: Int, for compression: Compression, codec: RowCodec) throws -> EncodedChunk {
        let length = offsets[index + 1] - offsets[index]
        guard let bytes = array.bytes.getSlice(at: array.bytes.readerIndex + offsets[index], length: length) else {
            throw WireError.invalidParams("row \(index) lies outside its array")
        }
        guard let encoding = array.rows?.encoding, length != layout.rowBytes else {
            return encode(raw: bytes, for: compression, codec: codec)
        }
        let came: Compression = encoding == .lzf ? .lzf : .gzip(1)
        let row = EncodedChunk(bytes: bytes, isRaw: false)
        let raw: ByteBuffer
        do {
            raw = try codec.decode(row, with: came, size: layout.rowBytes)
        } catch {
            throw WireError.invalidParams("row \(index) does not decompress as \(encoding.rawValue): \(error.message)")
        }
        switch (compression, encoding) {
        case (.lzf, .lzf), (.gzip, .zlib): return row
        default: return encode(raw: raw, for: compression, codec: codec)
        }
    }

    private func encode(raw bytes: ByteBuffer, for compression: Compression, codec: RowCodec) -> EncodedChunk {
        let compressed = unsafe bytes.withUnsafeReadableBytes { unsafe codec.compress($0, with: compression) }
        // What does not shrink stays where it is: in the request.
        return compressed.map { EncodedChunk(bytes: $0, isRaw: false) } ?? EncodedChunk(bytes: bytes, isRaw: true)
    }
}
