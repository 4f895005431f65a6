/// How long the operations of a run took and what they made, by round.
struct GenerationReport {
    private static let mostRounds = 20
    private static let mostOperations = 20

    let run: RunSummary
    let connection: Connection

    /// The operations of one round, or of all.
    struct Group {
        let operation: String?
        let round: Int64?
        let count: Int
        let timed: Int
        let mean: Double?
        let seconds: Double
        let samples: Double
        let meanMemory: Double?
        let peakMemory: Double?
        var quantiles: [Double?] = []
    }

    func lines() throws -> [String] {
        let totals = try groups(["operation"])
        let rounds = Dictionary(grouping: try groups(["operation", "round_number"]), by: \.operation)
        var table = TextTable([
            .text("operation"), .number("round"), .number("count"), .number("mean"), .number("p50"), .number("p95"),
            .number("samples"), .number("samples/s"), .number("memory"), .number("peak"),
        ])
        var notes: [String] = []
        for total in totals.prefix(Self.mostOperations) {
            let name = Human.text(total.operation ?? Human.nothing, limit: 18)
            let own = rounds[total.operation] ?? []
            var shown = Thinned<Group>(limit: Self.mostRounds)
            for group in own { shown.append(group) }
            for group in shown.elements {
                table.add(row(group, name, group.round.map(String.init) ?? Human.nothing))
            }
            if own.count > 1 { table.add(row(total, name, "all")) }
            if let note = shown.note("rounds of \(name)") { notes.append(note) }
        }
        let hidden = totals.count - Self.mostOperations
        if hidden > 0 { notes.append("  … and \(Human.count(hidden)) more operations") }
        return table.lines + notes
    }

    private func row(_ group: Group, _ name: String, _ round: String) -> [String] {
        [
            name, round, Human.count(group.count), Human.duration(group.mean),
            Human.duration(group.quantiles.first ?? nil), Human.duration(group.quantiles.last ?? nil),
            group.samples.magnitude < 1e15 ? Human.count(Int(group.samples)) : Human.number(group.samples),
            Human.number(group.seconds > 0 ? group.samples / group.seconds : nil),
            Human.megabytes(group.meanMemory), Human.megabytes(group.peakMemory),
        ]
    }

    /// Counts, sums and quantiles by the given columns.
    func groups(_ columns: [String]) throws -> [Group] {
        let keys = columns.joined(separator: ", ")
        let duration = Relation.finite("duration_seconds")
        let memory = Relation.finite("memory_used_mb")
        var groups = try connection.rows(
            """
            SELECT operation, \(columns.count > 1 ? "round_number" : "NULL"), count(*), count(\(duration)), avg(\(duration)),
                total(\(duration)), total(\(Relation.finite("samples_generated"))), avg(\(memory)), max(\(memory))
            FROM generation_metrics WHERE run_id IS ? GROUP BY \(keys) ORDER BY \(keys)
            """,
            [run.id]
        ) { row in
            Group(
                operation: row.optionalString(0),
                round: row.optionalInteger(1),
                count: row.int(2),
                timed: row.int(3),
                mean: row.optionalDouble(4),
                seconds: row.double(5),
                samples: row.double(6),
                meanMemory: row.optionalDouble(7),
                peakMemory: row.optionalDouble(8)
            )
        }
        let quantiles = try Quantiles.ofGroups(
            groups.map(\.timed),
            [0.5, 0.95],
            connection,
            """
            SELECT duration_seconds FROM generation_metrics
            WHERE run_id IS ? AND \(Relation.isFinite("duration_seconds")) ORDER BY \(keys), duration_seconds
            """,
            [run.id]
        )
        for index in groups.indices { groups[index].quantiles = quantiles[index] }
        return groups
    }
}
