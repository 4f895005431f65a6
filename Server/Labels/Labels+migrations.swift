import Wire

extension Labels {
    static func migrations(_ settings: LabelSettings) -> [Migration] {
        [
            Migration("labels") { connection in
                try SettingsTable.write(settings, "labels", connection)
                for script in [
                    LabelSchema.table(settings), LabelSchema.events, LabelSchema.opinions, LabelSchema.serves,
                    LabelSchema.scores, LabelSchema.indexes(settings), LabelSchema.vault, LabelSchema.snapshots,
                    LabelTriggers.counters(settings), LabelTriggers.studies, LabelTriggers.scores(settings),
                    LabelTriggers.guards(settings),
                ] {
                    try connection.run(script: script)
                }
                try connection.execute(
                    """
                    INSERT INTO runs (run_id, status, tags, compression, started_at, heartbeat_at)
                    VALUES (?1, 'running', '[]', 'lzf', ?2, ?2)
                    """,
                    RunID.images,
                    Timestamp.text(Timestamp.now())
                )
            },
            Migration("sparse indexes of labels", script: LabelSchema.sparseIndexes(settings)),
            Migration("label opinions by image", script: OpinionSchema.script(settings)),
            // An event of an import takes a byte, instead of 300 and entries in four indexes.
            Migration("label events in blocks", script: LabelEventSchema.script),
        ]
    }
}
