import Holdfast

/// A space of Gymnasium as Minari keeps it: JSON text, with Python's names of the infinities.
indirect enum MinariSpace: Equatable {
    /// All values of a type, in arrays of a shape.
    case box(DType, shape: [Int])
    case discrete(Int64, count: Int64)
    case dictionary([String: MinariSpace])

    var text: String {
        switch self {
        case .box(let dtype, let shape):
            let sides = shape.map(String.init).joined(separator: ", ")
            let (low, high) = Self.bounds(dtype)
            return "{\"type\": \"Box\", \"dtype\": \"\(dtype.rawValue)\", \"shape\": [\(sides)], "
                + "\"low\": \(Self.nested(low, shape[...])), \"high\": \(Self.nested(high, shape[...]))}"
        case .discrete(let start, let count):
            return "{\"type\": \"Discrete\", \"dtype\": \"int64\", \"start\": \(start), \"n\": \(count)}"
        case .dictionary(let spaces):
            let members = spaces.sorted { $0.key < $1.key }.map { "\"\($0)\": \($1.text)" }
            return "{\"type\": \"Dict\", \"subspaces\": {\(members.joined(separator: ", "))}}"
        }
    }

    private static func bounds(_ dtype: DType) -> (low: String, high: String) {
        switch dtype {
        case .bool: ("0", "1")
        case .uint8: ("\(UInt8.min)", "\(UInt8.max)")
        case .int8: ("\(Int8.min)", "\(Int8.max)")
        case .uint16: ("\(UInt16.min)", "\(UInt16.max)")
        case .int16: ("\(Int16.min)", "\(Int16.max)")
        case .uint32: ("\(UInt32.min)", "\(UInt32.max)")
        case .int32: ("\(Int32.min)", "\(Int32.max)")
        case .uint64: ("\(UInt64.min)", "\(UInt64.max)")
        case .int64: ("\(Int64.min)", "\(Int64.max)")
        case .float32, .float64: ("-Infinity", "Infinity")
        }
    }

    private static func nested(_ value: String, _ shape: ArraySlice<Int>) -> String {
        guard let side = shape.first else { return value }
        let inner = nested(value, shape.dropFirst())
        return "[" + repeatElement(inner, count: side).joined(separator: ", ") + "]"
    }
}
