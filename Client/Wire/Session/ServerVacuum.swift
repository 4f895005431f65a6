/// Gives pages of the database that hold nothing any more back to the file system, some at a time.
public struct ServerVacuum: Method {
    public static let name = "server.vacuum"
    public static let effect = MethodEffect.write

    /// At most this many (default 1 000).
    public var pages: Int?

    public init(pages: Int? = nil) { self.pages = pages }

    public struct Result: Codable, Sendable {
        /// Pages that were given back.
        public var freed: Int
        /// Pages that still hold nothing.
        public var left: Int
        /// Bytes of a page.
        public var pageSize: Int

        public init(freed: Int, left: Int, pageSize: Int) {
            self.freed = freed
            self.left = left
            self.pageSize = pageSize
        }

        private enum CodingKeys: String, CodingKey {
            case freed
            case left
            case pageSize = "page_size"
        }
    }
}
