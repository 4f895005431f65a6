/// Copies the whole data directory to a folder on the server's machine while the server works.
///
/// The database comes first, as it is at one moment; then the array file of each run, between two commits, so that it has
/// at least the rows that the database's copy refers to. `holdfast restore` makes a data directory of it.
public struct ServerBackup: Method {
    public static let name = "server.backup"
    public static let effect = MethodEffect.read
    public static let role: Role? = .admin

    /// The folder's name, under `backups` in the data directory: 1 to 128 of `A-Z a-z 0-9 . _ -`. By default the time.
    public var backup: String?

    public init(backup: String? = nil) { self.backup = backup }

    public struct Result: Codable, Sendable {
        /// The folder, on the server's machine.
        public var path: String
        public var bytes: Int
        public var runs: Int

        public init(path: String, bytes: Int, runs: Int) {
            self.path = path
            self.bytes = bytes
            self.runs = runs
        }
    }
}
