import Wire

/// What the server can do with images and their labels.
struct Labels: Sendable {
    let catalog: Catalog
    let arrays: ArrayStore
    let settings: LabelSettings
    let leases = Leases()

    func register(in table: inout MethodTable) {
        table.on(ImagesInsert.self) { parameters, context in try await insert(parameters, context) }
        table.on(LabelsNext.self) { parameters, _ in try await next(parameters) }
        table.on(LabelsSet.self) { parameters, _ in try set(parameters) }
        table.on(LabelsUndo.self) { parameters, _ in try undo(parameters) }
        table.on(LabelsSkip.self) { parameters, _ in try skip(parameters) }
        table.on(LabelsList.self) { parameters, _ in try await list(parameters) }
        table.on(LabelsStats.self) { parameters, _ in try await stats(parameters) }
    }

    /// How a run's deletion concerns this domain.
    static let dependent = RunDependent(
        use: { runID, connection in
            // "0" is the character behind "/": the range of all references into the run.
            let isReferred = try connection.first(
                "SELECT 1 FROM labels WHERE frame_ref >= ? AND frame_ref < ? LIMIT 1",
                "h5://\(runID)/",
                "h5://\(runID)0"
            ) { _ in true }
            return isReferred ?? false ? "labels" : nil
        },
        delete: { _, _ in }
    )

    /// `labels.stats`, from counters.
    func stats(_ parameters: LabelsStats) async throws -> LabelsStats.Result {
        let rows = try await catalog.read { connection in
            try connection.rows("SELECT name, count FROM label_counters") { ($0.string(0), $0.int(1)) }
        }
        let counts = Dictionary(rows, uniquingKeysWith: { $1 })
        return LabelsStats.Result(
            total: counts["total", default: 0],
            fullyLabeled: counts["full", default: 0],
            labels: Dictionary(
                settings.labels.map { label in
                    (
                        label.name,
                        LabelsStats.Label(
                            labeled: counts["labeled_\(label.name)", default: 0],
                            yes: counts["yes_\(label.name)", default: 0]
                        )
                    )
                },
                uniquingKeysWith: { $1 }
            ),
            splits: LabelsStats.Splits(
                train: counts["split_train", default: 0],
                val: counts["split_val", default: 0],
                test: counts["split_test", default: 0],
                none: counts["split_none", default: 0]
            )
        )
    }
}
