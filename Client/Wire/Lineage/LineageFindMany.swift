/// Finds what many invocations made, if it is still there.
public struct LineageFindMany: Method {
    public static let name = "lineage.find_many"
    public static let effect = MethodEffect.read

    /// At most 10 000.
    public var lineageHashes: [String]

    public init(lineageHashes: [String]) { self.lineageHashes = lineageHashes }

    private enum CodingKeys: String, CodingKey {
        case lineageHashes = "lineage_hashes"
    }

    public struct Found: Codable, Sendable, Equatable {
        /// The place of its hash in the request.
        public var index: Int
        public var record: LineageFind.Output

        public init(index: Int, record: LineageFind.Output) {
            self.index = index
            self.record = record
        }
    }

    public struct Result: Codable, Sendable {
        public var found: [Found]

        public init(found: [Found]) { self.found = found }
    }
}
