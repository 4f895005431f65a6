/// Reads series of a metric, thinned for plots: every bucket keeps its smallest, largest and last value.
public struct MetricsSeries: Method {
    public static let name = "metrics.series"
    public static let effect = MethodEffect.read

    /// What lies along the x-axis.
    public enum Axis: String, Choice {
        case step
        case epoch = "epoch_number"
        /// UNIX seconds
        case timestamp
    }

    public var table: String
    /// Of `generation_metrics`, the operation.
    public var metricName: String
    public var runIDs: [String]
    /// Column to value, or to a list of values.
    public var filters: [String: JSONValue]?
    /// The column to plot, where a table has several; by default the one that holds the table's value.
    public var value: String?
    /// By default the step where the points have one, else the epoch, else the time.
    public var x: Axis?
    /// Only what lies in `from ≤ x ≤ to`.
    public var from: Double?
    public var to: Double?
    /// At most this many points a series (default 1 000, at most 2 000).
    public var maxPoints: Int?
    /// The weight of the past in an exponential moving average, 0 … 1 without 1; adds `smoothed`.
    public var smoothing: Double?

    public init(
        table: String = "training_metrics",
        metricName: String,
        runIDs: [String],
        filters: [String: JSONValue]? = nil,
        value: String? = nil,
        x: Axis? = nil,
        from: Double? = nil,
        to: Double? = nil,
        maxPoints: Int? = nil,
        smoothing: Double? = nil
    ) {
        self.table = table
        self.metricName = metricName
        self.runIDs = runIDs
        self.filters = filters
        self.value = value
        self.x = x
        self.from = from
        self.to = to
        self.maxPoints = maxPoints
        self.smoothing = smoothing
    }

    private enum CodingKeys: String, CodingKey {
        case table
        case metricName = "metric_name"
        case runIDs = "run_ids"
        case filters = "where"
        case value
        case x
        case from
        case to
        case maxPoints = "max_points"
        case smoothing
    }

    /// One series; its arrays are equally long and ordered by x.
    public struct Series: Codable, Sendable {
        /// What tells it from the others: `run_id`, `metric_name`, `metric_type`, `phase`.
        public var key: [String: JSONValue]
        public var xAxis: Axis
        /// Of the last point of each bucket.
        public var x: [Double]
        /// Of the finite values of each bucket; null where there are none.
        public var min: [Double?]
        public var max: [Double?]
        /// The last value of each bucket, which may not be finite.
        public var last: [Double]
        /// The exponential moving average at each bucket's end, as TensorBoard computes it, without its bias to zero.
        public var smoothed: [Double?]?
        /// The points that the series stands for.
        public var count: Int

        public init(
            key: [String: JSONValue],
            xAxis: Axis,
            x: [Double],
            min: [Double?],
            max: [Double?],
            last: [Double],
            smoothed: [Double?]?,
            count: Int
        ) {
            self.key = key
            self.xAxis = xAxis
            self.x = x
            self.min = min
            self.max = max
            self.last = last
            self.smoothed = smoothed
            self.count = count
        }

        private enum CodingKeys: String, CodingKey {
            case key
            case xAxis = "x_axis"
            case x
            case min
            case max
            case last
            case smoothed
            case count
        }
    }

    public struct Result: Codable, Sendable {
        public var series: [Series]

        public init(series: [Series]) { self.series = series }
    }
}
