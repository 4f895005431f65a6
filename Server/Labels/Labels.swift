import Logging
import Wire

/// What the server can do with images and their labels.
struct Labels: Sendable {
    let catalog: Catalog
    let arrays: ArrayStore
    let settings: LabelSettings
    /// How often the hold-out may be looked at; nil: without limit.
    var holdoutLooks: Int?
    let leases = Leases()
    let logger = Logger(label: "holdfast.labels")

    func register(in table: inout MethodTable) {
        table.on(ImagesInsert.self) { parameters, context in try await insert(parameters, context) }
        table.on(LabelsNext.self) { parameters, context in try await next(parameters, context) }
        table.on(LabelsRelease.self) { parameters, context in try release(parameters, context.access) }
        table.on(LabelsSet.self) { parameters, context in try set(parameters, context.access) }
        table.on(LabelsSetMany.self) { parameters, context in try setMany(parameters, context.access) }
        table.on(LabelsImport.self) { parameters, context in try importLabels(parameters, context.access) }
        table.on(LabelsUndo.self) { parameters, context in try undo(parameters, context.access) }
        table.on(LabelsSkip.self) { parameters, context in try skip(parameters, context.access) }
        table.on(LabelsGet.self) { parameters, context in try await get(parameters, context.access) }
        table.on(LabelsList.self) { parameters, _ in try await list(parameters) }
        table.on(LabelsTrainVal.self) { parameters, _ in try await trainVal(parameters) }
        table.on(LabelsStats.self) { parameters, _ in try await stats(parameters) }
        table.on(LabelsUpdatePredictions.self) { parameters, _ in try updatePredictions(parameters) }
        table.on(LabelsUpdateScores.self) { parameters, _ in try updateScores(parameters) }
        table.on(LabelsIssues.self) { parameters, _ in try await issues(parameters) }
        table.on(LabelsCalibration.self) { parameters, _ in try await calibration(parameters) }
        table.on(LabelsDisagreements.self) { parameters, _ in try await disagreements(parameters) }
        table.on(LabelsAgreement.self) { parameters, _ in try await agreement(parameters) }
        table.on(HoldoutNext.self) { parameters, _ in try holdoutNext(parameters) }
        table.on(HoldoutImages.self) { parameters, _ in try await holdoutImages(parameters) }
        table.on(HoldoutEvaluate.self) { parameters, _ in try holdoutEvaluate(parameters) }
        table.on(HoldoutLedger.self) { parameters, _ in try await holdoutLedger(parameters) }
        table.on(SnapshotsCreate.self) { parameters, _ in try snapshotsCreate(parameters) }
        table.on(SnapshotsGet.self) { parameters, _ in try await snapshotsGet(parameters) }
        table.on(SnapshotsList.self) { parameters, _ in try await snapshotsList(parameters) }
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
        references: { runID, connection in
            try connection.rows(
                "SELECT frame_ref FROM labels WHERE frame_ref >= ? AND frame_ref < ?",
                ["h5://\(runID)/", "h5://\(runID)0"]
            ) { $0.string(0) }
        },
        clear: { ref, _, connection in
            try connection.execute("UPDATE labels SET frame_ref = NULL WHERE frame_ref = ?", ref)
        },
        delete: { _, _ in }
    )
}
