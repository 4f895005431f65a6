import HDF5
import NIOCore

@testable import Wire

/// Arrays and columns: their bytes are those of their shape, they are written as they were read, and compressed rows stay in
/// their room.
///
/// An input is a JSON text, a zero byte, and the bytes of an attachment, of which a second one has the first four.
struct ArrayTarget: FuzzTarget {
    static let name = "arrays"
    static let rounds = 2000
    private static let mostRowBytes = 1 << 20

    private let codec = RowCodec()

    init() {}

    func run(_ bytes: [UInt8]) throws {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let text = ByteBuffer(bytes: parts[0])
        let attachment = ByteBuffer(bytes: parts.count > 1 ? parts[1] : [])
        let attachments = [attachment, ByteBuffer(bytes: attachment.readableBytesView.prefix(4))]
        if let array = try? JSONCoding.decode(ArrayValue.self, from: text, attachments: attachments) {
            try check(array)
        }
        if let column = try? JSONCoding.decode(StringColumn.self, from: text, attachments: attachments) {
            try check(column)
        }
        if let column = try? JSONCoding.decode(NumericColumn.self, from: text, attachments: attachments) {
            try check(column.values)
            guard let count = column.values.shape.first, let mask = try? column.mask(count: count) else { return }
            try demand(mask.count == count, "\(mask.count) truth values for \(count) rows")
        }
    }

    private func check(_ array: ArrayValue) throws {
        let sink = AttachmentSink()
        let written = try JSONCoding.encode(array, sink: sink)
        let again = try JSONCoding.decode(ArrayValue.self, from: written, attachments: sink.attachments)
        try demand(again == array, "\(array) comes back as \(again)")
        try demand(
            try JSONCoding.decode(ArrayValue.self, from: JSONCoding.encode(array)) == array,
            "\(array) comes back otherwise through base64"
        )
        if let rows = array.rows { return try check(array, rows) }
        let count = array.shape.contains(0) ? 0 : array.shape.reduce(1, *)
        try demand(array.count == count, "\(array.count) elements for the shape \(array.shape)")
        try demand(array.bytes.readableBytes == count * array.dtype.itemSize, "\(array.bytes.readableBytes) bytes")
        for values in [array.integers()?.count, array.doubles()?.count, array.booleans()?.count] {
            try demand(values ?? count == count, "\(values ?? 0) values of \(count)")
        }
    }

    private func check(_ array: ArrayValue, _ rows: CompressedRows) throws {
        guard let layout = try? RowLayout(dtype: array.dtype, shape: Array(array.shape.dropFirst())),
            layout.rowBytes <= Self.mostRowBytes
        else { return }
        let compression: Compression = rows.encoding == .lzf ? .lzf : .gzip(1)
        var place = array.bytes.readerIndex
        for size in rows.sizes.prefix(16) {
            guard let stored = array.bytes.getSlice(at: place, length: size) else {
                throw Finding("a row of \(size) bytes is not there")
            }
            place += size
            let row = EncodedChunk(bytes: stored, isRaw: size == layout.rowBytes)
            guard let raw = try? codec.decode(row, with: compression, size: layout.rowBytes) else { continue }
            try demand(raw.readableBytes == layout.rowBytes, "\(raw.readableBytes) bytes of \(layout.rowBytes)")
            let encoded = raw.withUnsafeReadableBytes { codec.encode($0, with: compression) }
            let again = try codec.decode(encoded, with: compression, size: layout.rowBytes)
            try demand(again == raw, "a row is otherwise after \(compression)")
        }
    }

    private func check(_ column: StringColumn) throws {
        guard let count = column.codes.shape.first, let strings = try? column.strings(count: count) else { return }
        try demand(strings.count == count, "\(strings.count) strings of \(count)")
        let again = try StringColumn(strings).strings(count: count)
        let isSame = zip(again, strings).allSatisfy { one, other in
            one.map { Array($0.utf8) } == other.map { Array($0.utf8) }
        }
        try demand(isSame && again.count == count, "\(strings) come back as \(again)")
    }
}
