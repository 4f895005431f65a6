import Wire

/// Rows of all tables, checked and ready to be stored.
struct MetricBatch: Sendable {
    /// A point of a series.
    struct Point: Sendable {
        /// Its place among the batch's series.
        let series: Int
        /// UNIX seconds; nil: when it is stored.
        let timestamp: Double?
        let value: Double
        var step: Int64?
        var epoch: Int64?
        var round: Int64?
    }

    /// A row of `generation_metrics`.
    struct Generation: Sendable {
        var timestamp: Double?
        var runID: String?
        var operation: String
        var round: Int64?
        var chunk: Int64?
        var duration: Double?
        var samples: Int64?
        var memory: Double?
        var processID: Int64?
    }

    private(set) var series: [SeriesKey] = []
    private(set) var points: [Point] = []
    private(set) var generations: [Generation] = []
    private var places: [SeriesKey: Int] = [:]

    var count: Int { points.count + generations.count }

    /// The place of a series among the batch's.
    mutating func place(of key: SeriesKey) -> Int {
        if let place = places[key] { return place }
        series.append(key)
        places[key] = series.count - 1
        return series.count - 1
    }

    /// Adds a row; throws what is wrong with it.
    ///
    /// - Parameters:
    ///   - runID: The run of a row that names none.
    ///   - series: The place of the row's series, where it is known already.
    mutating func add(_ row: some MetricCells, of table: MetricTable, runID: String?, series: Int? = nil) throws {
        let timestamp = try row.number("timestamp")
        if let timestamp, !Timestamp.range.contains(timestamp) {
            throw WireError.invalidParams(
                "timestamp is \(timestamp), no time in UNIX seconds of the years 1 to 9999; are these milliseconds?"
            )
        }
        if table == .generation {
            return generations.append(try Generation(row, timestamp: timestamp, runID: runID))
        }
        let key = try series.map { self.series[$0] } ?? SeriesKey(row, of: table, runID: runID)
        guard let value = try row.number(table.valueColumn) else {
            throw WireError.invalidParams("\(table.valueColumn) is missing")
        }
        let place = series ?? place(of: key)
        guard table == .training else {
            return points.append(Point(series: place, timestamp: timestamp, value: value))
        }
        points.append(
            Point(
                series: place,
                timestamp: timestamp,
                value: value,
                step: try row.integer("step"),
                epoch: try row.integer("epoch_number"),
                round: try row.integer("round_number")
            )
        )
    }
}

/// A row by column name, whatever form it came in.
protocol MetricCells {
    func text(_ column: String) throws -> String?
    func number(_ column: String) throws -> Double?
    func integer(_ column: String) throws -> Int64?
}

extension MetricCells {
    /// A text that must be there.
    fileprivate func required(_ column: String) throws -> String {
        guard let text = try text(column), !text.isEmpty else {
            throw WireError.invalidParams("\(column) is missing")
        }
        return text
    }

    fileprivate func run(orElse runID: String?) throws -> String? {
        guard let own = try text("run_id") else { return runID }
        try RunID.check(own)
        return own
    }
}

extension SeriesKey {
    init(_ row: some MetricCells, of table: MetricTable, runID: String?) throws {
        let name = try row.required("metric_name")
        self.init(table: table, runID: try row.run(orElse: runID), name: name)
        if table == .training {
            phase = try row.text("phase")
        } else {
            type = try row.required("metric_type")
            unit = try row.text("unit")
            hostname = try row.text("hostname")
            processID = try row.integer("process_id")
        }
    }
}

extension MetricBatch.Generation {
    fileprivate init(_ row: some MetricCells, timestamp: Double?, runID: String?) throws {
        let operation = try row.required("operation")
        let memory = try row.number("memory_used_mb")
        guard memory?.isFinite ?? true else { throw WireError.invalidParams("memory_used_mb is not finite") }
        self.init(
            timestamp: timestamp,
            runID: try row.run(orElse: runID),
            operation: operation,
            round: try row.integer("round_number"),
            chunk: try row.integer("chunk_number"),
            duration: try row.number("duration_seconds"),
            samples: try row.integer("samples_generated"),
            memory: memory,
            processID: try row.integer("process_id")
        )
    }
}
