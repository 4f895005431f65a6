import Wire

extension Metrics {
    /// `metrics.prune`
    func prune(_ parameters: MetricsPrune) throws -> @Sendable (WriteTransaction) throws -> MetricsPrune.Result {
        if let runID = parameters.runID { try RunID.check(runID) }
        guard parameters.runID != nil || parameters.before != nil || parameters.keepEvery != nil else {
            throw WireError.invalidParams("say what to prune: run_id, before or keep_every")
        }
        if let every = parameters.keepEvery, !(2...1_000_000).contains(every) {
            throw WireError.invalidParams("params.keep_every is \(every); it is 2 to 1 000 000")
        }
        let start = try Page.key(Pruning.Place.self, of: parameters.cursor)
        let pruning = Pruning(runID: parameters.runID, before: parameters.before, keepEvery: parameters.keepEvery)
        return { [catalog] transaction in
            let step = try pruning.step(from: start ?? Pruning.Place(), transaction.connection)
            if step.deleted > 0 {
                transaction.afterCommit {
                    catalog.announcements.post(.metrics, runs: parameters.runID.map { [$0] } ?? [])
                }
            }
            return MetricsPrune.Result(
                deleted: step.deleted,
                examined: step.examined,
                cursor: try step.next.map { try Page.cursor($0) }
            )
        }
    }
}
