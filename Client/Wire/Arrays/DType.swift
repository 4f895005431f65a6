/// The element type of an array: its name on the wire and its size in bytes.
///
/// Elements are little-endian; `bool` is one byte, 0 or 1.
public enum DType: String, Choice {
    case bool
    case uint8
    case int8
    case uint16
    case int16
    case uint32
    case int32
    case uint64
    case int64
    case float32
    case float64

    /// Bytes of one element.
    public var itemSize: Int {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        }
    }

    /// Whether elements are floating-point numbers.
    public var isFloat: Bool { self == .float32 || self == .float64 }
}
