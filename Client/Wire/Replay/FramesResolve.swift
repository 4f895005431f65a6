/// Reads the arrays behind references, in the order asked, duplicates included.
public struct FramesResolve: Method, ReturnsArrays {
    public static let name = "frames.resolve"
    public static let effect = MethodEffect.read

    /// What happens to a reference without an array.
    public enum Missing: String, Choice {
        case error
        case null
    }

    public var refs: [String]
    /// Default `error`.
    public var missing: Missing?
    /// Whether to return one array (n, …) instead of n arrays; all must have the same dtype and shape.
    public var stack: Bool?
    public var arrayEncoding: ArrayEncoding?

    public init(refs: [String], missing: Missing? = nil, stack: Bool? = nil) {
        self.refs = refs
        self.missing = missing
        self.stack = stack
    }

    private enum CodingKeys: String, CodingKey {
        case refs
        case missing
        case stack
        case arrayEncoding = "array_encoding"
    }

    public struct Result: Codable, Sendable {
        public var frames: Frames

        public init(frames: Frames) { self.frames = frames }
    }

    /// The arrays one by one (nil where missing), or stacked.
    public enum Frames: Codable, Sendable {
        case separate([ArrayValue?])
        case stacked(ArrayValue)

        public init(from decoder: any Decoder) throws {
            if let array = try? ArrayValue(from: decoder) {
                self = .stacked(array)
            } else {
                self = .separate(try [ArrayValue?](from: decoder))
            }
        }

        public func encode(to encoder: any Encoder) throws {
            switch self {
            case .separate(let arrays): try arrays.encode(to: encoder)
            case .stacked(let array): try array.encode(to: encoder)
            }
        }
    }
}
