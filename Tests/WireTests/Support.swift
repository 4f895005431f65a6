import NIOCore
import Testing

@testable import Wire

/// The bytes of a frame: the length, the payload, the attachments.
func frameBytes(_ payload: String, attachments: [[UInt8]] = []) -> [UInt8] {
    let count = UInt32(payload.utf8.count)
    let length = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
    return length + payload.utf8 + attachments.flatMap(\.self)
}

/// What a side has written, as bytes.
func joined(_ buffers: [ByteBuffer]) -> [UInt8] { buffers.flatMap { $0.readableBytesView } }

extension FrameDecoder {
    init(limits: FrameLimits = FrameLimits(), bytes: [UInt8]) {
        self.init(limits: limits)
        append(ByteBuffer(bytes: bytes))
    }
}

/// The one frame that the bytes are.
func frame(of bytes: [UInt8]) throws -> Frame {
    var decoder = FrameDecoder(bytes: bytes)
    guard case .frame(let frame) = try decoder.next() else {
        throw WireError(.invalidRequest, "the bytes are not a frame")
    }
    return frame
}

/// Decodes JSON text.
func decoded<Value: Decodable>(_ json: String, attachments: [[UInt8]] = []) throws(WireError) -> Value {
    try JSONCoding.decode(from: ByteBuffer(string: json), attachments: attachments.map { ByteBuffer(bytes: $0) })
}

/// Encodes as JSON text, with arrays inside.
func encoded(_ value: some Encodable) throws -> String { String(buffer: try JSONCoding.encode(value)) }

extension ByteBuffer {
    var array: [UInt8] { Array(readableBytesView) }

    /// Where its memory is.
    var address: Int { unsafe withVeryUnsafeBytes { Int(bitPattern: $0.baseAddress) } }
}
