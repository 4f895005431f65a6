import Wire

/// Turns the samples that a layout shows into 8-bit ones, packed as in a ``Bitmap``.
///
/// uint8 stays as it is and bool becomes 0 or 255. Every other type is stretched so that the smallest finite sample
/// shown becomes 0 and the largest 255; if they are equal, both become 0. NaN and −∞ become 0, ∞ becomes 255.
struct SampleReader {
    let layout: ImageLayout
    let bytes: UnsafeRawBufferPointer

    func read(_ dtype: DType) -> [UInt8] {
        switch dtype {
        case .bool: map(UInt8.self) { $0 == 0 ? 0 : 255 }
        case .uint8: map(UInt8.self) { $0 }
        case .int8: stretch(Int8.self) { Double($0) }
        case .uint16: stretch(UInt16.self) { Double(UInt16(littleEndian: $0)) }
        case .int16: stretch(Int16.self) { Double(Int16(littleEndian: $0)) }
        case .uint32: stretch(UInt32.self) { Double(UInt32(littleEndian: $0)) }
        case .int32: stretch(Int32.self) { Double(Int32(littleEndian: $0)) }
        case .uint64: stretch(UInt64.self) { Double(UInt64(littleEndian: $0)) }
        case .int64: stretch(Int64.self) { Double(Int64(littleEndian: $0)) }
        case .float32: stretch(UInt32.self) { Double(Float(bitPattern: UInt32(littleEndian: $0))) }
        case .float64: stretch(UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) }
        }
    }

    @inline(__always)
    private func stretch<Stored: BitwiseCopyable>(_: Stored.Type, _ value: (Stored) -> Double) -> [UInt8] {
        // Halves, because the range of all doubles is more than a double.
        var smallest = Double.infinity
        var largest = -Double.infinity
        visit(Stored.self) { _, stored in
            let half = value(stored) / 2
            guard half.isFinite else { return }
            smallest = min(smallest, half)
            largest = max(largest, half)
        }
        let factor = largest > smallest ? 255 / (largest - smallest) : 0
        return map(Stored.self) { stored in
            let half = value(stored) / 2
            if half.isFinite {
                return UInt8(((half - smallest) * factor).rounded())
            }
            return half == .infinity ? 255 : 0
        }
    }

    @inline(__always)
    private func map<Stored: BitwiseCopyable>(_: Stored.Type, _ convert: (Stored) -> UInt8) -> [UInt8] {
        let count = layout.height * layout.width * layout.channels
        return [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            visit(Stored.self) { index, stored in target[index] = convert(stored) }
            initialized = count
        }
    }

    /// Calls the body with each sample and its place in the packed picture.
    @inline(__always)
    private func visit<Stored: BitwiseCopyable>(_: Stored.Type, _ body: (Int, Stored) -> Void) {
        var index = 0
        for row in 0..<layout.height {
            for column in 0..<layout.width {
                let first = layout.offset + row * layout.rowStep + column * layout.columnStep
                for channel in 0..<layout.channels {
                    let element = first + channel * layout.channelStep
                    let offset = element * MemoryLayout<Stored>.size
                    body(index, bytes.loadUnaligned(fromByteOffset: offset, as: Stored.self))
                    index += 1
                }
            }
        }
    }
}
