import NIOCore

/// An array of strings of an .npz file: numpy keeps all as long as the longest, in UTF-32.
final class TextMember {
    let name: String
    private let texts: SpoolFile
    private var count = 0
    private var longest = 1

    /// - Parameter path: Beside which the texts are gathered.
    init(_ name: String, beside path: String) throws {
        self.name = name
        texts = try .anonymous(beside: path)
    }

    func append(_ text: String) throws {
        var bytes = ByteBuffer()
        bytes.writeInteger(UInt32(text.utf8.count))
        bytes.writeString(text)
        try texts.append(bytes)
        count += 1
        longest = max(longest, text.unicodeScalars.count)
    }

    /// - Parameter isScalar: Whether the one text there is stands alone.
    func write(to file: ZIPWriter, isScalar: Bool = false) throws {
        let header = NPY.header("<U\(longest)", shape: isScalar ? [] : [count])
        try file.add("\(name).npy", size: UInt64(header.count + 4 * longest * count)) { write in
            try write(ByteBuffer(bytes: header))
            var pending = ByteBuffer()
            try texts.read { piece in
                pending.writeImmutableBuffer(piece)
                while let text = Self.take(from: &pending) { try write(padded(text)) }
                pending.discardReadBytes()
            }
        }
    }

    private static func take(from bytes: inout ByteBuffer) -> String? {
        guard let length = bytes.getInteger(at: bytes.readerIndex, as: UInt32.self),
            bytes.readableBytes >= 4 + Int(length)
        else { return nil }
        bytes.moveReaderIndex(forwardBy: 4)
        return bytes.readString(length: Int(length))
    }

    private func padded(_ text: String) -> ByteBuffer {
        var bytes = ByteBuffer()
        for scalar in text.unicodeScalars { bytes.writeInteger(scalar.value, endianness: .little) }
        bytes.writeRepeatingByte(0, count: 4 * longest - bytes.readableBytes)
        return bytes
    }
}
