/// Why an image could not be made, written or read.
package enum PNGError: Error, Equatable, CustomStringConvertible {
    /// Width, height, channels, depth and bytes do not describe an image.
    case invalidBitmap(String)
    /// The array's shape is not that of an image.
    case notAnImage(String)
    /// The file is not a PNG, is cut off or is damaged.
    case damaged(String)
    /// The image is larger than the limits allow.
    case tooLarge(String)
    /// libpng could not write the file.
    case encodingFailed(String)

    package var description: String {
        switch self {
        case .invalidBitmap(let reason): "invalid bitmap: \(reason)"
        case .notAnImage(let reason): "not an image: \(reason)"
        case .damaged(let reason): "not readable as PNG: \(reason)"
        case .tooLarge(let reason): "PNG too large: \(reason)"
        case .encodingFailed(let reason): "cannot write the PNG: \(reason)"
        }
    }
}
