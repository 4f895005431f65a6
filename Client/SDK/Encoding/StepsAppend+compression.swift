import CLZF
import NIOCore
import Wire

extension StepsAppend {
    /// Arrays of fewer bytes are not worth it.
    private static let leastBytes = 64 << 10

    /// The same with the rows of its large arrays compressed, each by itself: the wire carries a fraction, and the server
    /// stores them as they come where the run's compression is LZF.
    ///
    /// How records are cut into requests does not depend on it: sizes are those of the raw arrays.
    func compressed() -> StepsAppend {
        guard var columns else { return self }
        columns.frame = columns.frame.map(Self.compressed)
        switch columns.observation {
        case .array(let array): columns.observation = .array(Self.compressed(array))
        case .arrays(let arrays): columns.observation = .arrays(arrays.mapValues(Self.compressed))
        case nil: break
        }
        var request = self
        request.columns = columns
        return request
    }

    private static func compressed(_ array: ArrayValue) -> ArrayValue {
        guard array.rows == nil, let count = array.shape.first, count > 0, array.bytes.readableBytes >= leastBytes
        else {
            return array
        }
        let rowSize = array.bytes.readableBytes / count
        var bytes = ByteBuffer()
        bytes.reserveCapacity(array.bytes.readableBytes)
        var sizes: [Int] = []
        sizes.reserveCapacity(count)
        unsafe array.bytes.withUnsafeReadableBytes { source in
            guard let start = source.baseAddress else { return }
            for row in 0..<count {
                let raw = unsafe start + row * rowSize
                let size = unsafe bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: rowSize) { target in
                    guard let output = target.baseAddress else { return 0 }
                    // One byte less than the row: a row of exactly its raw size is raw.
                    let size = unsafe clzf_compress(raw, rowSize, output, rowSize - 1)
                    if size > 0 { return size }
                    unsafe output.copyMemory(from: raw, byteCount: rowSize)
                    return rowSize
                }
                sizes.append(size)
            }
        }
        guard sizes.count == count, bytes.readableBytes < array.bytes.readableBytes else { return array }
        let rows = CompressedRows(encoding: .lzf, sizes: sizes)
        let packed = try? ArrayValue(dtype: array.dtype, shape: array.shape, bytes: bytes, rows: rows)
        return packed ?? array
    }
}
