/// Gives the graph around a record in a form that other programs read.
public struct LineageExport: Method {
    public static let name = "lineage.export"
    public static let effect = MethodEffect.read

    public enum Format: String, Choice {
        /// W3C PROV, as JSON.
        case provJSON = "prov-json"
        /// OpenLineage run events, one a line.
        case openLineage = "openlineage"
        case mermaid
        /// Graphviz.
        case dot
    }

    public enum Direction: String, Choice {
        case upstream
        case downstream
        case both
    }

    public var recordID: String
    public var format: Format
    /// Default upstream.
    public var direction: Direction?
    /// How many steps (default and most: all).
    public var depth: Int?

    public init(recordID: String, format: Format, direction: Direction? = nil, depth: Int? = nil) {
        self.recordID = recordID
        self.format = format
        self.direction = direction
        self.depth = depth
    }

    private enum CodingKeys: String, CodingKey {
        case recordID = "record_id"
        case format
        case direction
        case depth
    }

    public struct Result: Codable, Sendable {
        public var text: String
        public var mediaType: String
        /// What a file of it would be called.
        public var filename: String
        /// Whether there is more than it tells.
        public var isCut: Bool

        public init(text: String, mediaType: String, filename: String, isCut: Bool) {
            self.text = text
            self.mediaType = mediaType
            self.filename = filename
            self.isCut = isCut
        }

        private enum CodingKeys: String, CodingKey {
            case text
            case mediaType = "media_type"
            case filename
            case isCut = "is_cut"
        }
    }
}
