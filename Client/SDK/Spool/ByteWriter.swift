import NIOCore

/// Writes little-endian fields one behind the other into memory that was reserved for them.
@safe struct ByteWriter {
    private let start: UnsafeMutableRawPointer
    private(set) var count = 0
    private let capacity: Int

    init(_ start: UnsafeMutableRawPointer, capacity: Int) {
        unsafe self.start = unsafe start
        self.capacity = capacity
    }

    mutating func write<Number: BitwiseCopyable>(_ number: Number) {
        let size = MemoryLayout<Number>.size
        precondition(count + size <= capacity, "a record is larger than it said")
        unsafe start.storeBytes(of: number, toByteOffset: count, as: Number.self)
        count += size
    }

    /// A text with its byte count ahead.
    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            write(UInt32(bytes.count))
            unsafe write(UnsafeRawBufferPointer(bytes))
        }
    }

    mutating func write(_ bytes: ByteBuffer) {
        unsafe bytes.withUnsafeReadableBytes { unsafe write($0) }
    }

    private mutating func write(_ bytes: UnsafeRawBufferPointer) {
        precondition(count + bytes.count <= capacity, "a record is larger than it said")
        guard let source = bytes.baseAddress else { return }
        unsafe (start + count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }
}

extension ByteBuffer {
    /// Reads what ``ByteWriter/write(_:)`` wrote of a text.
    mutating func readText() throws -> String {
        guard let count = readInteger(endianness: .little, as: UInt32.self), let text = readString(length: Int(count))
        else { throw SpoolDamage.record }
        return text
    }

    mutating func readNumber<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) throws -> Number {
        guard let number = readInteger(endianness: .little, as: type) else { throw SpoolDamage.record }
        return number
    }

    mutating func readDouble() throws -> Double { Double(bitPattern: try readNumber(UInt64.self)) }

    mutating func readBytes(count: Int) throws -> ByteBuffer {
        guard count >= 0, let bytes = readSlice(length: count) else { throw SpoolDamage.record }
        return bytes
    }
}

/// A spool has bytes that are not what was written.
enum SpoolDamage: Error {
    case record
    /// Nothing tells what was sent.
    case state
}
