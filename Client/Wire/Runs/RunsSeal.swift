/// Compresses the arrays of a finished run anew, as small as they get; references stay valid.
///
/// The new file is compared with the old one, row by row, before it takes its place.
public struct RunsSeal: Method {
    public static let name = "runs.seal"
    public static let effect = MethodEffect.write

    public var runID: String

    public init(runID: String) { self.runID = runID }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
    }

    public struct Result: Codable, Sendable {
        public var runID: String
        /// Of the file, before and after.
        public var bytesBefore: Int
        public var bytes: Int
        public var compression: String

        public init(runID: String, bytesBefore: Int, bytes: Int, compression: String) {
            self.runID = runID
            self.bytesBefore = bytesBefore
            self.bytes = bytes
            self.compression = compression
        }

        private enum CodingKeys: String, CodingKey {
            case runID = "run_id"
            case bytesBefore = "bytes_before"
            case bytes
            case compression
        }
    }
}
