import CLZF

/// The LZF codec in C: what is compressed comes back, and no stream reaches outside its buffers.
///
/// An input is two bytes for a capacity, then content, which is both compressed and read as a stream. Buffers are exactly as
/// large as they are said to be, so that the address sanitizer sees every step beside them.
struct LZFTarget: FuzzTarget {
    static let name = "lzf"
    static let rounds = 3000

    init() {}

    func run(_ bytes: [UInt8]) throws {
        guard bytes.count >= 2 else { return }
        let capacity = Int(bytes[0]) << 8 | Int(bytes[1])
        try exactly(Array(bytes.dropFirst(2))) { content in
            _ = decompress(content, capacity)
            let stream = compress(content, content.count + content.count / 32 + 1)
            guard let stream else { return try demand(content.isEmpty, "content does not fit its literals") }
            let bounded = compress(content, capacity)
            try demand(bounded == (stream.count <= capacity ? stream : nil), "otherwise in \(capacity) bytes")
            try exactly(stream) { stream in
                let again = decompress(stream, content.count)
                try demand(again.map { $0.elementsEqual(content) } == true, "content does not come back")
                try demand(decompress(stream, content.count + 1) == nil, "one byte more was accepted")
            }
        }
    }

    private func exactly(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        try body(UnsafeRawBufferPointer(copy))
    }

    private func compress(_ content: UnsafeRawBufferPointer, _ capacity: Int) -> [UInt8]? {
        filled(capacity) { Int(clzf_compress(content.baseAddress, content.count, $0.baseAddress, capacity)) }
    }

    private func decompress(_ stream: UnsafeRawBufferPointer, _ size: Int) -> [UInt8]? {
        filled(size) { clzf_decompress(stream.baseAddress, stream.count, $0.baseAddress, size) }
    }

    private func filled(_ capacity: Int, _ call: (UnsafeMutableRawBufferPointer) -> Int) -> [UInt8]? {
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 1)
        defer { output.deallocate() }
        let count = call(output)
        return count > 0 ? Array(output[..<count]) : nil
    }
}
