/// Tells which metrics runs have.
public struct MetricsList: Method {
    public static let name = "metrics.list"
    public static let effect = MethodEffect.read

    public var runIDs: [String]

    public init(runIDs: [String]) { self.runIDs = runIDs }

    private enum CodingKeys: String, CodingKey {
        case runIDs = "run_ids"
    }

    /// What is logged under one name.
    public struct Metric: Codable, Sendable {
        public var table: String
        public var runID: String
        /// Of `generation_metrics`, the operation.
        public var metricName: String
        /// Of `resource_metrics`.
        public var metricType: String?
        public var unit: String?
        /// Of `training_metrics`.
        public var phase: String?
        /// The points that are stored.
        public var count: Int
        /// UNIX seconds
        public var lastTimestamp: Double?
        /// The value that came last.
        public var last: Double?

        public init(
            table: String,
            runID: String,
            metricName: String,
            metricType: String? = nil,
            unit: String? = nil,
            phase: String? = nil,
            count: Int,
            lastTimestamp: Double?,
            last: Double?
        ) {
            self.table = table
            self.runID = runID
            self.metricName = metricName
            self.metricType = metricType
            self.unit = unit
            self.phase = phase
            self.count = count
            self.lastTimestamp = lastTimestamp
            self.last = last
        }

        private enum CodingKeys: String, CodingKey {
            case table
            case runID = "run_id"
            case metricName = "metric_name"
            case metricType = "metric_type"
            case unit
            case phase
            case count
            case lastTimestamp = "last_timestamp"
            case last
        }
    }

    public struct Result: Codable, Sendable {
        public var metrics: [Metric]

        public init(metrics: [Metric]) { self.metrics = metrics }
    }
}
