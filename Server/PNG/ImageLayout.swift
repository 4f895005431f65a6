import Wire

/// Where an array keeps the samples of the picture it shows: steps and offset count elements.
///
/// - H×W and H×W×1 are gray, H×W×3 is RGB.
/// - H×W×2 and H×W×4 are gray + alpha and RGBA if they are uint8 and their last plane is opaque, or nearly (no sample
///   below ``opaque``); else they are stacks of frames. A stack shows its last channel, the newest frame.
/// - Up to four channels may also come first (k×H×W), by the same rules. If both ends would do, they come last.
/// - More than four channels are a stack, in front or behind, if there are at most 32 and fewer than half of
///   each side of the picture.
struct ImageLayout: Equatable {
    let height: Int
    let width: Int
    let channels: Int
    let rowStep: Int
    let columnStep: Int
    let channelStep: Int
    let offset: Int

    /// The smallest alpha that still counts as opaque.
    static let opaque: UInt8 = 250
    private static let deepestStack = 32

    /// Needs as many bytes as dtype and shape say.
    init(dtype: DType, shape: [Int], bytes: UnsafeRawBufferPointer) throws(PNGError) {
        guard shape.count == 2 || shape.count == 3, shape.allSatisfy({ $0 > 0 }) else {
            throw .notAnImage("shape \(shape) is none of H×W, H×W×k and k×H×W")
        }
        if shape.count == 2 || shape[2] <= 4 {
            self.init(channelsLast: shape, dtype: dtype, bytes: bytes)
        } else if shape[0] <= 4 || Self.isStack(shape[0], of: shape[1], by: shape[2]) {
            self.init(channelsFirst: shape, dtype: dtype, bytes: bytes)
        } else if Self.isStack(shape[2], of: shape[0], by: shape[1]) {
            self.init(channelsLast: shape, dtype: dtype, bytes: bytes)
        } else {
            throw .notAnImage("shape \(shape) has no side that is clearly the number of channels")
        }
    }

    private static func isStack(_ count: Int, of height: Int, by width: Int) -> Bool {
        count <= deepestStack && 2 * count < min(height, width)
    }

    private init(channelsLast shape: [Int], dtype: DType, bytes: UnsafeRawBufferPointer) {
        let depth = shape.count == 2 ? 1 : shape[2]
        let steps = (row: shape[1] * depth, column: depth, channel: 1)
        self.init(height: shape[0], width: shape[1], depth: depth, steps: steps, dtype: dtype, bytes: bytes)
    }

    private init(channelsFirst shape: [Int], dtype: DType, bytes: UnsafeRawBufferPointer) {
        let steps = (row: shape[2], column: 1, channel: shape[1] * shape[2])
        self.init(height: shape[1], width: shape[2], depth: shape[0], steps: steps, dtype: dtype, bytes: bytes)
    }

    private init(
        height: Int,
        width: Int,
        depth: Int,
        steps: (row: Int, column: Int, channel: Int),
        dtype: DType,
        bytes: UnsafeRawBufferPointer
    ) {
        self.height = height
        self.width = width
        self.rowStep = steps.row
        self.columnStep = steps.column
        self.channelStep = steps.channel
        let last = (depth - 1) * steps.channel
        let showsAll =
            switch depth {
            case 1, 3: true
            case 2, 4:
                dtype == .uint8
                    && (0..<height).allSatisfy { row in
                        (0..<width).allSatisfy { column in
                            bytes[last + row * steps.row + column * steps.column] >= Self.opaque
                        }
                    }
            default: false
            }
        self.channels = showsAll ? depth : 1
        self.offset = showsAll ? 0 : last
    }

    /// Whether the samples already lie as in a ``Bitmap``.
    var isPacked: Bool {
        offset == 0 && channelStep == 1 && columnStep == channels && rowStep == width * channels
    }
}
