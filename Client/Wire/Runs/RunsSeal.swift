/// Compresses the arrays of a finished run anew, for keeping; references stay valid.
///
/// The new file is compared with the old one, row by row, before it takes its place.
public struct RunsSeal: Method {
    public static let name = "runs.seal"
    public static let effect = MethodEffect.write

    public var runID: String
    /// Rows of frames, observations and actions that are compressed together, up to 1 MiB of them; as many as fit into 64 KiB
    /// where it is not given. More are smaller, and slower to read at random.
    public var rowsPerChunk: Int?
    /// zlib's level, 1 (fast) to 9 (small, the default).
    public var level: Int?
    /// Whether the file's space is handed out in pages of 64 KiB, for file systems that read large blocks only.
    public var paged: Bool?
    /// Whether a run that is sealed already is sealed anew.
    public var again: Bool?

    public init(
        runID: String,
        rowsPerChunk: Int? = nil,
        level: Int? = nil,
        paged: Bool? = nil,
        again: Bool? = nil
    ) {
        self.runID = runID
        self.rowsPerChunk = rowsPerChunk
        self.level = level
        self.paged = paged
        self.again = again
    }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
        case rowsPerChunk = "rows_per_chunk"
        case level
        case paged
        case again
    }

    public struct Result: Codable, Sendable {
        public var runID: String
        /// Of the file, before and after.
        public var bytesBefore: Int
        public var bytes: Int
        public var compression: String
        /// Of each dataset whose rows are compressed.
        public var rowsPerChunk: [String: Int]?

        public init(
            runID: String,
            bytesBefore: Int,
            bytes: Int,
            compression: String,
            rowsPerChunk: [String: Int]? = nil
        ) {
            self.runID = runID
            self.bytesBefore = bytesBefore
            self.bytes = bytes
            self.compression = compression
            self.rowsPerChunk = rowsPerChunk
        }

        private enum CodingKeys: String, CodingKey {
            case runID = "run_id"
            case bytesBefore = "bytes_before"
            case bytes
            case compression
            case rowsPerChunk = "rows_per_chunk"
        }
    }
}
