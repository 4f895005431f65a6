/// What the server holds and how busy it is.
public struct ServerStats: Method {
    public static let name = "server.stats"
    public static let effect = MethodEffect.read

    public init() {}

    public struct Result: Codable, Sendable {
        /// `holdfast/x.y.z`
        public var version: String
        /// Seconds since the start.
        public var uptime: Double
        public var runs: Int
        public var steps: Int
        public var episodes: Int
        public var images: Int
        public var metrics: Int
        /// Writes that wait for the next commit.
        public var queueDepth: Int
        public var databaseBytes: Int
        /// Free bytes on the data directory's file system.
        public var diskFreeBytes: Int
        /// What the server and its machine use, measured within the last second; empty at first.
        public var resources: [Resource]

        /// One reading, named as in `resource_metrics`.
        public struct Resource: Codable, Sendable {
            public var metricType: String
            public var metricName: String
            public var value: Double
            public var unit: String

            public init(metricType: String, metricName: String, value: Double, unit: String) {
                self.metricType = metricType
                self.metricName = metricName
                self.value = value
                self.unit = unit
            }

            private enum CodingKeys: String, CodingKey {
                case metricType = "metric_type"
                case metricName = "metric_name"
                case value
                case unit
            }
        }

        public init(
            version: String,
            uptime: Double,
            runs: Int,
            steps: Int,
            episodes: Int,
            images: Int,
            metrics: Int,
            queueDepth: Int,
            databaseBytes: Int,
            diskFreeBytes: Int,
            resources: [Resource] = []
        ) {
            self.version = version
            self.uptime = uptime
            self.runs = runs
            self.steps = steps
            self.episodes = episodes
            self.images = images
            self.metrics = metrics
            self.queueDepth = queueDepth
            self.databaseBytes = databaseBytes
            self.diskFreeBytes = diskFreeBytes
            self.resources = resources
        }

        private enum CodingKeys: String, CodingKey {
            case version
            case uptime
            case runs
            case steps
            case episodes
            case images
            case metrics
            case queueDepth = "queue_depth"
            case databaseBytes = "database_bytes"
            case diskFreeBytes = "disk_free_bytes"
            case resources
        }
    }
}
