import NIOCore

/// A Swift number type that is the element of arrays of one ``DType``.
public protocol ArrayElement: Sendable, BitwiseCopyable {
    static var dtype: DType { get }
}

extension UInt8: ArrayElement { public static var dtype: DType { .uint8 } }
extension Int8: ArrayElement { public static var dtype: DType { .int8 } }
extension UInt16: ArrayElement { public static var dtype: DType { .uint16 } }
extension Int16: ArrayElement { public static var dtype: DType { .int16 } }
extension UInt32: ArrayElement { public static var dtype: DType { .uint32 } }
extension Int32: ArrayElement { public static var dtype: DType { .int32 } }
extension UInt64: ArrayElement { public static var dtype: DType { .uint64 } }
extension Int64: ArrayElement { public static var dtype: DType { .int64 } }
extension Float: ArrayElement { public static var dtype: DType { .float32 } }
extension Double: ArrayElement { public static var dtype: DType { .float64 } }

extension ArrayValue {
    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// An array of the given elements in C order; by default a vector.
    public init<Element: ArrayElement>(_ elements: [Element], shape: [Int]? = nil) throws(ArrayError) {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(elements.count * Element.dtype.itemSize)
        unsafe elements.withUnsafeBytes { bytes in
            _ = unsafe buffer.writeBytes(bytes)
        }
        try self.init(dtype: Element.dtype, shape: shape ?? [elements.count], bytes: buffer)
    }

    /// A vector of truth values.
    public init(_ elements: [Bool]) throws(ArrayError) {
        let bytes = ByteBuffer(bytes: elements.map { $0 ? 1 : 0 })
        try self.init(dtype: .bool, shape: [elements.count], bytes: bytes)
    }

    /// The elements in C order, when the dtype is exactly the type's and the rows are not compressed.
    public func elements<Element: ArrayElement>(of type: Element.Type) -> [Element]? {
        guard dtype == Element.dtype, rows == nil else { return nil }
        return unsafe bytes.withUnsafeReadableBytes { raw in
            (0..<count).map { index in
                unsafe raw.loadUnaligned(fromByteOffset: index * MemoryLayout<Element>.stride, as: Element.self)
            }
        }
    }

    /// The elements as 64-bit integers, when the dtype is an integer or bool type and every value fits.
    public func integers() -> [Int64]? {
        switch dtype {
        case .bool, .uint8: return elements(of: UInt8.self, storedAs: dtype)?.map(Int64.init)
        case .int8: return elements(of: Int8.self)?.map(Int64.init)
        case .uint16: return elements(of: UInt16.self)?.map(Int64.init)
        case .int16: return elements(of: Int16.self)?.map(Int64.init)
        case .uint32: return elements(of: UInt32.self)?.map(Int64.init)
        case .int32: return elements(of: Int32.self)?.map(Int64.init)
        case .int64: return elements(of: Int64.self)
        case .uint64:
            guard let values = elements(of: UInt64.self), values.allSatisfy({ $0 <= UInt64(Int64.max) }) else {
                return nil
            }
            return values.map { Int64($0) }
        case .float32, .float64: return nil
        }
    }

    /// The elements as double-precision numbers; 64-bit integers lose precision beyond 2^53.
    public func doubles() -> [Double]? {
        switch dtype {
        case .float32: elements(of: Float.self)?.map { Double($0) }
        case .float64: elements(of: Double.self)
        case .uint64: elements(of: UInt64.self)?.map { Double($0) }  // `Double.init` would take it as a bit pattern
        default: integers()?.map { Double($0) }
        }
    }

    /// The elements as truth values, when the dtype is `bool`.
    public func booleans() -> [Bool]? {
        dtype == .bool ? elements(of: UInt8.self, storedAs: .bool)?.map { $0 != 0 } : nil
    }

    private func elements(of type: UInt8.Type, storedAs dtype: DType) -> [UInt8]? {
        rows == nil ? Array(bytes.readableBytesView) : nil
    }
}
