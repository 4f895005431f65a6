import Wire

/// What the server can do with steps, episodes and their arrays.
struct Replay: Sendable {
    let catalog: Catalog
    let arrays: ArrayStore
    /// Whether an array is the pixels of an image that is held out.
    let isHeldOut: @Sendable (FrameRef, Connection) throws -> Bool

    func register(in table: inout MethodTable) {
        table.on(StepsAppend.self) { parameters, context in try await append(parameters, context) }
        table.on(EpisodesFinish.self) { parameters, _ in try finish(parameters) }
        table.on(EpisodesList.self) { parameters, _ in try await list(parameters) }
        table.on(EpisodesGet.self) { parameters, _ in try await get(parameters) }
        table.on(EpisodesSteps.self) { parameters, context in try await steps(parameters, context) }
        table.on(StepsFind.self) { parameters, _ in try await findSteps(parameters) }
        table.on(StepsSample.self) { parameters, context in try await sample(parameters, context) }
        table.on(FramesResolve.self) { parameters, context in try await resolve(parameters, context) }
    }

    /// How a run's deletion concerns this domain.
    static let dependent = RunDependent(
        use: { _, _ in nil },
        references: { runID, connection in
            try connection.rows(
                """
                SELECT frame_ref FROM steps WHERE run_id = ?1 AND frame_ref IS NOT NULL
                UNION ALL SELECT obs_ref FROM steps WHERE run_id = ?1 AND obs_ref IS NOT NULL
                """,
                [runID]
            ) { $0.string(0) }
        },
        clear: { ref, runID, connection in
            let frames = try connection.execute(
                "UPDATE steps SET frame_ref = NULL WHERE frame_ref = ? AND run_id = ?",
                ref,
                runID
            )
            return frames + (try clearObservation(ref, runID, connection))
        },
        delete: { runID, transaction in
            try transaction.connection.execute("DELETE FROM steps WHERE run_id = ?", runID)
            try transaction.connection.execute("DELETE FROM episodes WHERE run_id = ?", runID)
        }
    )

    /// Takes the observation that an array is part of out of its step, which names only the first of its arrays.
    private static func clearObservation(_ ref: String, _ runID: String, _ connection: Connection) throws -> Int {
        guard let named = try? FrameRef(ref), named.runID == runID, named.dataset.hasPrefix("observations") else {
            return 0
        }
        // Observations have no index of their own: few references are ever cleared.
        return try connection.execute(
            "UPDATE steps SET obs_ref = NULL WHERE run_id = ?1 AND obs_ref GLOB 'h5://' || ?1 || '/observations*/' || ?2",
            runID,
            named.index
        )
    }
}
