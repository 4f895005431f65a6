/// Counts the metrics of a run, or of all.
public struct MetricsSummary: Method {
    public static let name = "metrics.summary"
    public static let effect = MethodEffect.read

    public var runID: String?

    public init(runID: String? = nil) { self.runID = runID }

    private enum CodingKeys: String, CodingKey {
        case runID = "run_id"
    }

    public struct Result: Codable, Sendable {
        public var resourceMetricsCount: Int
        public var generationMetricsCount: Int
        public var trainingMetricsCount: Int
        /// From the first to the last metric.
        public var durationMinutes: Double
        /// Of the whole database, in units of 2^20 bytes.
        public var databaseSizeMB: Double
        /// UNIX seconds; null without metrics.
        public var firstTimestamp: Double?
        public var lastTimestamp: Double?

        public init(
            resourceMetricsCount: Int,
            generationMetricsCount: Int,
            trainingMetricsCount: Int,
            databaseSizeMB: Double,
            firstTimestamp: Double?,
            lastTimestamp: Double?
        ) {
            self.resourceMetricsCount = resourceMetricsCount
            self.generationMetricsCount = generationMetricsCount
            self.trainingMetricsCount = trainingMetricsCount
            self.databaseSizeMB = databaseSizeMB
            self.firstTimestamp = firstTimestamp
            self.lastTimestamp = lastTimestamp
            durationMinutes = ((lastTimestamp ?? 0) - (firstTimestamp ?? 0)) / 60
        }

        private enum CodingKeys: String, CodingKey {
            case resourceMetricsCount = "resource_metrics_count"
            case generationMetricsCount = "generation_metrics_count"
            case trainingMetricsCount = "training_metrics_count"
            case durationMinutes = "duration_minutes"
            case databaseSizeMB = "db_size_mb"
            case firstTimestamp = "first_timestamp"
            case lastTimestamp = "last_timestamp"
        }
    }
}
