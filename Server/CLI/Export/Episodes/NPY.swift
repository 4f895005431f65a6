import Holdfast

/// The head of numpy's format for one array, version 1.0.
enum NPY {
    /// - Parameters:
    ///   - type: numpy's name of the element type, such as "<f4".
    ///   - shape: Of the whole array.
    static func header(_ type: String, shape: [Int]) -> [UInt8] {
        // Python writes a tuple of one with a comma.
        let sides = shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
        var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sides)), }"
        let start = 10
        // The data begin at a multiple of 64, behind a line feed.
        text += String(repeating: " ", count: 63 - (start + text.utf8.count) % 64) + "\n"
        let length = text.utf8.count
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
    }

    /// numpy's name of an element type, little-endian.
    static func type(_ dtype: DType) -> String {
        switch dtype {
        case .bool: "|b1"
        case .uint8: "|u1"
        case .int8: "|i1"
        case .uint16: "<u2"
        case .int16: "<i2"
        case .uint32: "<u4"
        case .int32: "<i4"
        case .uint64: "<u8"
        case .int64: "<i8"
        case .float32: "<f4"
        case .float64: "<f8"
        }
    }
}
