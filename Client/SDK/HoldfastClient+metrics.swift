import Wire

extension HoldfastClient {
    /// Rows of a metrics table in the order in which they came, a page at a time.
    ///
    /// - Parameters:
    ///   - filters: Column to value, or to a list of values.
    ///   - times: UNIX seconds, both ends included.
    public func metrics(
        _ table: String = "training_metrics",
        ofRun runID: String? = nil,
        where filters: [String: JSONValue]? = nil,
        times: ClosedRange<Double>? = nil,
        limit: Int? = nil,
        cursor: String? = nil
    ) async throws -> MetricsQuery.Result {
        try await call(
            MetricsQuery(
                table: table,
                runID: runID,
                filters: filters,
                from: times?.lowerBound,
                to: times?.upperBound,
                limit: limit,
                cursor: cursor
            )
        )
    }

    /// All rows of a metrics table that a filter finds, page by page as they are asked for.
    public func metricRows(
        _ table: String = "training_metrics",
        ofRun runID: String? = nil,
        where filters: [String: JSONValue]? = nil,
        times: ClosedRange<Double>? = nil
    ) -> PagedRows {
        PagedRows { [self] cursor in
            let page = try await metrics(
                table,
                ofRun: runID,
                where: filters,
                times: times,
                limit: 10_000,
                cursor: cursor
            )
            return (page.rows, page.cursor)
        }
    }

    /// Series of a metric for plots, thinned by the server; see ``MetricsSeries``.
    public func metricSeries(_ series: MetricsSeries) async throws -> [MetricsSeries.Series] {
        try await call(series).series
    }

    /// Counts and times of what a run, or all runs, logged.
    public func metricsSummary(ofRun runID: String? = nil) async throws -> MetricsSummary.Result {
        try await call(MetricsSummary(runID: runID))
    }

    /// Which metrics runs have, with the newest value of each.
    public func metricsList(ofRuns runIDs: [String]) async throws -> [MetricsList.Metric] {
        try await call(MetricsList(runIDs: runIDs)).metrics
    }
}
