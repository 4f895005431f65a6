/// How the rows of a file are compressed; each row by itself.
package enum Compression: Hashable, Sendable, CustomStringConvertible {
    case none
    case lzf
    /// zlib streams of level 1 to 9.
    case gzip(Int)

    /// Parses "none", "lzf" and "gzip-1" to "gzip-9".
    package init?(_ text: String) {
        switch text {
        case "none": self = .none
        case "lzf": self = .lzf
        default:
            guard let level = (1...9).first(where: { text == "gzip-\($0)" }) else { return nil }
            self = .gzip(level)
        }
    }

    package var description: String {
        switch self {
        case .none: "none"
        case .lzf: "lzf"
        case .gzip(let level): "gzip-\(level)"
        }
    }
}
