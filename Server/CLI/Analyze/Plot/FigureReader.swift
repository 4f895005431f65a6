/// Reads what is plotted of a run.
struct FigureReader {
    private static let mostLosses = 12
    private static let mostOthers = 5

    private let run: RunSummary
    private let relations: Set<Relation>
    private let connection: Connection
    private let start: Double
    private let length: Double

    init(run: RunSummary, relations: Set<Relation>, connection: Connection) throws {
        guard let span = run.span else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "run \(run.name) has no metrics; there is nothing to plot"
            )
        }
        self.run = run
        self.relations = relations
        self.connection = connection
        start = span.lowerBound
        let seconds = span.upperBound - span.lowerBound
        // A single moment needs an axis, too.
        length = seconds > 0 ? seconds : 1
    }

    func figure() throws -> Figure {
        var panels: [Figure.Panel] = []
        if relations.contains(.resources) { panels += try ResourcePanels(series: resources()).panels }
        if relations.contains(.training), let panel = try training() { panels.append(panel) }
        let lanes = relations.contains(.generation) ? try lanes() : []
        guard !panels.isEmpty || !lanes.isEmpty else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "run \(run.name) has no finite values of CPU, RAM, GPU or training and no generation to plot"
            )
        }
        return Figure(
            title:
                "\(run.name)   \(Human.moment(start)) UTC, \(Human.duration(run.span.map { $0.upperBound - $0.lowerBound }))",
            length: length,
            lanes: lanes,
            panels: panels
        )
    }

    private func resources() throws -> [ResourcePanels.Series] {
        let all = try connection.rows(
            """
            SELECT metric_type, metric_name, unit, max(value) FROM resource_metrics
            WHERE run_id IS ? AND metric_type IN ('cpu', 'ram', 'gpu') AND \(Relation.isFinite("value"))
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """,
            [run.id]
        ) { row in
            ResourceSeries(
                type: row.optionalString(0),
                name: row.optionalString(1),
                unit: row.optionalString(2),
                peak: row.optionalDouble(3)
            )
        }
        let chosen = ResourcePanels.choose(from: all)
        let lines = try lines(
            of: chosen.map { [$0.type, $0.name, $0.unit] },
            "metric_type, metric_name, unit",
            "value",
            .resources
        )
        return zip(chosen, lines).map { ResourcePanels.Series(resource: $0, line: $1) }
    }

    private func training() throws -> Figure.Panel? {
        func names(_ filter: String, limit: Int) throws -> [[String?]] {
            try connection.rows(
                """
                SELECT metric_name, phase FROM training_metrics
                WHERE run_id IS ? AND \(Relation.isFinite("metric_value")) AND \(filter) GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ?
                """,
                [run.id, limit]
            ) { [$0.optionalString(0), $0.optionalString(1)] }
        }
        let losses = try names("instr(lower(metric_name), 'loss') > 0", limit: Self.mostLosses)
        let chosen = try losses.isEmpty ? names("1", limit: Self.mostOthers) : losses
        guard !chosen.isEmpty else { return nil }
        let phases = chosen.map(\.[1]).reduce(into: [String?]()) { if !$0.contains($1) { $0.append($1) } }
        let lines = try lines(of: chosen, "metric_name, phase", "metric_value", .training)
        let curves = zip(chosen, lines).enumerated().map { place, curve in
            let (names, line) = curve
            return Figure.Curve(
                title: Self.legend(names[0], phase: names[1]),
                colour: Palette.line(place),
                dash: 1 + (phases.firstIndex(of: names[1]) ?? 0) % 4,
                line: line
            )
        }
        return Figure.Panel(title: losses.isEmpty ? "Metrics" : "Loss", isFromZero: false, curves: curves)
    }

    private static func legend(_ name: String?, phase: String?) -> String {
        let ending = phase.map { ", " + Human.text($0, limit: 8) } ?? ""
        let room = GnuplotScript.legendLimit - Human.width(ending)
        return Human.text(name ?? Human.nothing, limit: room) + ending
    }

    /// The lines of the series with the given keys, from one pass over the rows.
    private func lines(
        of keys: [[String?]],
        _ columns: String,
        _ value: String,
        _ relation: Relation
    ) throws -> [PlotLine] {
        let places = Dictionary(uniqueKeysWithValues: keys.enumerated().map { ($1, $0) })
        guard let width = keys.first?.count else { return [] }
        var thinners = keys.map { _ in SeriesThinner(length: length) }
        let first = columns.prefix { $0 != "," }
        let wanted = Set(keys.compactMap(\.first)).map { $0 }
        _ = try connection.rows(
            """
            SELECT \(columns), timestamp, \(value) FROM \(relation.rawValue)
            WHERE run_id IS ? AND \(Relation.isFinite(value)) AND \(Relation.isFinite("timestamp"))
                AND \(first) IN (\(wanted.map { _ in "?" }.joined(separator: ", ")))
            ORDER BY timestamp, id
            """,
            [run.id] + wanted
        ) { row in
            let key = (0..<Int32(width)).map(row.optionalString)
            guard let place = places[key] else { return }
            // Axes of larger numbers would be beyond what gnuplot can count with.
            let value = min(max(row.double(Int32(width + 1)), -1e100), 1e100)
            thinners[place].add(PlotPoint(time: row.double(Int32(width)) - start, value: value))
        }
        return thinners.map(\.line)
    }

    private func lanes() throws -> [Figure.Lane] {
        var order: [String] = []
        var mergers: [String: BandMerger] = [:]
        _ = try connection.rows(
            """
            SELECT operation, \(Relation.generation.beginning), timestamp FROM generation_metrics
            WHERE run_id IS ? AND \(Relation.isFinite("timestamp")) ORDER BY 2
            """,
            [run.id]
        ) { row in
            var name = Human.text(row.optionalString(0) ?? Human.nothing, limit: 20)
            if mergers[name] == nil {
                if order.count >= Palette.mostBands - 1 { name = "others" }
                if !order.contains(name) { order.append(name) }
            }
            let (begin, end) = (row.double(1) - start, row.double(2) - start)
            guard begin <= end else { return }
            // Half a thousandth of the axis is less than a pixel.
            mergers[name, default: BandMerger(tolerance: length / 2000)].add(begin...end)
        }
        return order.enumerated().map { place, name in
            Figure.Lane(title: name, colour: Palette.band(place), bands: mergers[name]?.bands ?? [])
        }
    }
}
