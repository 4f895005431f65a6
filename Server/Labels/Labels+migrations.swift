import Wire

extension Labels {
    static func migrations(_ settings: LabelSettings) -> [Migration] {
        [
            Migration("labels") { connection in
                try SettingsTable.write(settings, "labels", connection)
                try connection.run(script: tables(settings))
                try connection.run(script: indexes(settings))
                try connection.run(script: triggers(settings))
                try connection.execute(
                    """
                    INSERT INTO runs (run_id, status, tags, compression, started_at, heartbeat_at)
                    VALUES (?1, 'running', '[]', 'lzf', ?2, ?2)
                    """,
                    RunID.images,
                    Timestamp.text(Timestamp.now())
                )
            }
        ]
    }

    private static func tables(_ settings: LabelSettings) -> String {
        let has = settings.labels.map { "has_\($0.name) INTEGER CHECK (has_\($0.name) IN (0, 1))," }
        let confidence = settings.labels.map { "confidence_\($0.shortName) REAL," }
        return """
            CREATE TABLE labels (
                id INTEGER PRIMARY KEY,
                filename TEXT UNIQUE NOT NULL,
                study_id TEXT,
                thumbnail_path TEXT,
                frame_number INTEGER,
                \(has.joined(separator: "\n    "))
                labeled_at TEXT,
                \(confidence.joined(separator: "\n    "))
                predicted_at TEXT,
                split TEXT CHECK (split IN ('train', 'val', 'test')),
                frame_ref TEXT,
                outcome TEXT CHECK (outcome IN ('unsure', 'unusable')),
                skipped_at TEXT,
                tiebreak INTEGER NOT NULL
            ) STRICT;
            CREATE TABLE label_events (
                id INTEGER PRIMARY KEY,
                image_id INTEGER NOT NULL REFERENCES labels (id),
                kind TEXT NOT NULL CHECK (kind IN ('set', 'skip', 'undo')),
                annotator TEXT NOT NULL,
                at TEXT NOT NULL,
                before TEXT NOT NULL,
                after TEXT NOT NULL,
                undoes INTEGER REFERENCES label_events (id),
                event_id TEXT UNIQUE,
                answer TEXT NOT NULL
            ) STRICT;
            CREATE INDEX idx_label_events_annotator ON label_events (annotator, id);
            CREATE INDEX idx_label_events_image ON label_events (image_id, id);
            CREATE INDEX idx_label_events_undoes ON label_events (undoes);
            CREATE TABLE label_counters (name TEXT PRIMARY KEY NOT NULL, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            """
    }

    private static func indexes(_ settings: LabelSettings) -> String {
        var script = """
            CREATE INDEX idx_labels_study_id ON labels (study_id);
            CREATE INDEX idx_labels_has ON labels (\(settings.labels.map { "has_\($0.name)" }.joined(separator: ", ")));
            CREATE INDEX idx_labels_split ON labels (split);
            CREATE INDEX idx_labels_frame_ref ON labels (frame_ref);

            """
        for label in settings.labels {
            script +=
                "CREATE INDEX idx_labels_confidence_\(label.shortName) ON labels (confidence_\(label.shortName));\n"
        }
        for pool in [CandidatePool.all(settings)] + settings.labels.map({ CandidatePool.missing($0) }) {
            script += """
                CREATE INDEX \(pool.index)_certainty ON labels (\(pool.certainty), tiebreak) WHERE \(pool.condition);
                CREATE INDEX \(pool.index)_tiebreak ON labels (tiebreak) WHERE \(pool.condition);

                """
        }
        return script
    }

    /// Counters that follow every change of the table, so that counting does not scan it; and a guard on `split`.
    private static func triggers(_ settings: LabelSettings) -> String {
        let names = settings.labels.map(\.name)
        let counters =
            ["total", "full", "split_train", "split_val", "split_test", "split_none"]
            + names.flatMap { ["labeled_\($0)", "yes_\($0)"] }
        let full = { (row: String) in names.map { "\(row).has_\($0) IS NOT NULL" }.joined(separator: " AND ") }
        let add = { (name: String, amount: String) in
            "UPDATE label_counters SET count = count + (\(amount)) WHERE name = \(name) AND (\(amount)) != 0;"
        }
        var changes = [add("'full'", "(\(full("NEW"))) - (\(full("OLD")))")]
        for name in names {
            changes.append(add("'labeled_\(name)'", "(NEW.has_\(name) IS NOT NULL) - (OLD.has_\(name) IS NOT NULL)"))
            changes.append(add("'yes_\(name)'", "coalesce(NEW.has_\(name), 0) - coalesce(OLD.has_\(name), 0)"))
        }
        return """
            INSERT INTO label_counters (name, count) VALUES \(counters.map { "('\($0)', 0)" }.joined(separator: ", "));
            CREATE TRIGGER labels_inserted AFTER INSERT ON labels BEGIN
                \(add("'total'", "1"))
                \(add("'split_' || coalesce(NEW.split, 'none')", "1"))
            END;
            CREATE TRIGGER labels_labeled AFTER UPDATE OF \(names.map { "has_\($0)" }.joined(separator: ", ")) ON labels BEGIN
                \(changes.joined(separator: "\n    "))
            END;
            CREATE TRIGGER labels_split_set AFTER UPDATE OF split ON labels WHEN NEW.split IS NOT OLD.split BEGIN
                \(add("'split_' || coalesce(OLD.split, 'none')", "-1"))
                \(add("'split_' || coalesce(NEW.split, 'none')", "1"))
            END;
            CREATE TRIGGER labels_split_fixed BEFORE UPDATE OF split ON labels
            WHEN OLD.split IS NOT NULL AND NEW.split IS NOT OLD.split BEGIN
                SELECT RAISE(ABORT, 'the split of an image never changes');
            END;
            """
    }
}
