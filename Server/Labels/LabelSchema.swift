/// The tables and indexes of this domain.
enum LabelSchema {
    static func table(_ settings: LabelSettings) -> String {
        let has = settings.labels.map { "has_\($0.name) INTEGER CHECK (has_\($0.name) IN (0, 1))," }
        let confidence = settings.labels.map { label in
            let name = "confidence_\(label.shortName)"
            return "\(name) REAL CHECK (\(name) BETWEEN 0 AND 1),"
        }
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
                tiebreak INTEGER NOT NULL,
                phash INTEGER
            ) STRICT;
            """
    }

    /// What people did, only ever added to; what each annotator says of each image now; who saw what, and why.
    static let events = """
        CREATE TABLE label_events (
            id INTEGER PRIMARY KEY,
            image_id INTEGER NOT NULL REFERENCES labels (id),
            kind TEXT NOT NULL CHECK (kind IN ('set', 'skip', 'undo')),
            annotator TEXT NOT NULL,
            at TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            time_spent REAL CHECK (time_spent >= 0),
            serve_id INTEGER,
            undoes INTEGER REFERENCES label_events (id),
            event_id TEXT UNIQUE,
            answer TEXT NOT NULL
        ) STRICT;
        CREATE INDEX idx_label_events_annotator ON label_events (annotator, id);
        CREATE INDEX idx_label_events_image ON label_events (image_id, id);
        CREATE INDEX idx_label_events_undoes ON label_events (undoes);
        CREATE TRIGGER label_events_kept BEFORE UPDATE ON label_events BEGIN
            SELECT RAISE(ABORT, 'label_events is only ever added to');
        END;
        CREATE TRIGGER label_events_stay BEFORE DELETE ON label_events BEGIN
            SELECT RAISE(ABORT, 'label_events is only ever added to');
        END;
        CREATE TABLE label_activity (
            hour INTEGER NOT NULL, annotator TEXT NOT NULL,
            labels INTEGER NOT NULL DEFAULT 0, skips INTEGER NOT NULL DEFAULT 0, undos INTEGER NOT NULL DEFAULT 0,
            seconds REAL NOT NULL DEFAULT 0,
            PRIMARY KEY (hour, annotator)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE label_annotators (
            annotator TEXT PRIMARY KEY NOT NULL,
            labels INTEGER NOT NULL DEFAULT 0, skips INTEGER NOT NULL DEFAULT 0, undos INTEGER NOT NULL DEFAULT 0,
            seconds REAL NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER label_events_counted AFTER INSERT ON label_events BEGIN
            INSERT INTO label_activity (hour, annotator, labels, skips, undos, seconds)
            VALUES (unixepoch(NEW.at) / 3600, NEW.annotator, NEW.kind = 'set', NEW.kind = 'skip', NEW.kind = 'undo',
                coalesce(NEW.time_spent, 0))
            ON CONFLICT (hour, annotator) DO UPDATE SET labels = labels + excluded.labels,
                skips = skips + excluded.skips, undos = undos + excluded.undos, seconds = seconds + excluded.seconds;
            INSERT INTO label_annotators (annotator, labels, skips, undos, seconds)
            VALUES (NEW.annotator, NEW.kind = 'set', NEW.kind = 'skip', NEW.kind = 'undo', coalesce(NEW.time_spent, 0))
            ON CONFLICT (annotator) DO UPDATE SET labels = labels + excluded.labels,
                skips = skips + excluded.skips, undos = undos + excluded.undos, seconds = seconds + excluded.seconds;
        END;
        """

    static let opinions = """
        CREATE TABLE label_opinions (
            image_id INTEGER NOT NULL REFERENCES labels (id), label TEXT NOT NULL, annotator TEXT NOT NULL,
            value INTEGER NOT NULL CHECK (value IN (0, 1)), at TEXT NOT NULL,
            PRIMARY KEY (image_id, label, annotator)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idx_label_opinions_annotator ON label_opinions (annotator, image_id);
        CREATE INDEX idx_label_opinions_label ON label_opinions (label, image_id, annotator);
        CREATE TABLE label_disagreements (
            label TEXT NOT NULL, image_id INTEGER NOT NULL REFERENCES labels (id), PRIMARY KEY (label, image_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE label_agreement (
            label TEXT NOT NULL, first TEXT NOT NULL, second TEXT NOT NULL,
            both_no INTEGER NOT NULL DEFAULT 0, first_only INTEGER NOT NULL DEFAULT 0,
            second_only INTEGER NOT NULL DEFAULT 0, both_yes INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (label, first, second)
        ) STRICT, WITHOUT ROWID;
        """

    static let serves = """
        CREATE TABLE label_serves (
            id INTEGER PRIMARY KEY,
            image_id INTEGER NOT NULL REFERENCES labels (id),
            label TEXT NOT NULL,
            annotator TEXT NOT NULL,
            at TEXT NOT NULL,
            strategy TEXT NOT NULL,
            branch TEXT NOT NULL,
            propensity REAL,
            pool_size INTEGER NOT NULL,
            confidence REAL
        ) STRICT;
        CREATE INDEX idx_label_serves_image ON label_serves (image_id, annotator, id);
        CREATE TABLE label_yield (
            label TEXT NOT NULL, strategy TEXT NOT NULL, branch TEXT NOT NULL,
            served INTEGER NOT NULL DEFAULT 0, labeled INTEGER NOT NULL DEFAULT 0,
            positives INTEGER NOT NULL DEFAULT 0, surprises INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (label, strategy, branch)
        ) STRICT, WITHOUT ROWID;
        """

    /// Out-of-sample scores of labeled images: what a model says of images that it was not trained on.
    static let scores = """
        CREATE TABLE label_scores (
            image_id INTEGER NOT NULL REFERENCES labels (id), label TEXT NOT NULL,
            score REAL NOT NULL CHECK (score BETWEEN 0 AND 1),
            given INTEGER CHECK (given IN (0, 1)),
            is_confirmed INTEGER NOT NULL DEFAULT 0, scored_at TEXT NOT NULL,
            PRIMARY KEY (image_id, label)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idx_label_scores_doubt ON label_scores (label, given, score) WHERE is_confirmed = 0;
        CREATE TABLE label_score_bins (
            label TEXT NOT NULL, bin INTEGER NOT NULL, given INTEGER NOT NULL,
            count INTEGER NOT NULL DEFAULT 0, sum REAL NOT NULL DEFAULT 0,
            PRIMARY KEY (label, bin, given)
        ) STRICT, WITHOUT ROWID;
        """

    static func indexes(_ settings: LabelSettings) -> String {
        var script = """
            CREATE INDEX idx_labels_study_id ON labels (study_id);
            CREATE INDEX idx_labels_has ON labels (\(settings.labels.map { "has_\($0.name)" }.joined(separator: ", ")));
            CREATE INDEX idx_labels_split ON labels (split);
            CREATE INDEX idx_labels_frame_ref ON labels (frame_ref);
            CREATE INDEX labels_train_val ON labels (id) WHERE \(settings.trainVal);

            """
        // For lists of the images with one label's value, by id: the index of all labels has them in another order.
        for label in settings.labels where settings.labels.count > 1 {
            script += "CREATE INDEX labels_has_\(label.name) ON labels (has_\(label.name));\n"
        }
        for label in settings.labels {
            script +=
                "CREATE INDEX idx_labels_confidence_\(label.shortName) ON labels (confidence_\(label.shortName));\n"
        }
        for pool in CandidatePool.open(settings) {
            script += """
                CREATE INDEX \(pool.name)_confidence ON labels (\(pool.confidence), tiebreak) WHERE \(pool.condition);
                CREATE INDEX \(pool.name)_tiebreak ON labels (tiebreak) WHERE \(pool.condition);

                """
        }
        for pool in settings.labels.flatMap({ [CandidatePool.labeled($0), .holdout(missing: $0)] }) + [
            .holdout(settings)
        ] {
            script += "CREATE INDEX \(pool.name)_tiebreak ON labels (tiebreak) WHERE \(pool.condition);\n"
        }
        for band in 0..<PerceptualHash.bands {
            script += """
                CREATE INDEX labels_phash_\(band) ON labels (\(PerceptualHash.band(band)), phash)
                WHERE \(PerceptualHash.indexed);

                """
        }
        return script + "CREATE INDEX labels_test ON labels (id) WHERE split = 'test';\n"
    }

    /// Indexes without the images that have nothing in their column, as most have.
    static func sparseIndexes(_ settings: LabelSettings) -> String {
        let columns = settings.labels.map { "confidence_\($0.shortName)" } + ["frame_ref"]
        return columns.map { column in
            """
            DROP INDEX idx_labels_\(column);
            CREATE INDEX idx_labels_\(column) ON labels (\(column)) WHERE \(column) IS NOT NULL;
            """
        }.joined(separator: "\n")
    }

    static let vault = """
        CREATE TABLE holdout_leases (
            image_id INTEGER PRIMARY KEY REFERENCES labels (id), annotator TEXT NOT NULL, expires_at REAL NOT NULL
        ) STRICT;
        CREATE TABLE holdout_ledger (
            look INTEGER PRIMARY KEY, at TEXT NOT NULL, label TEXT NOT NULL, reason TEXT NOT NULL,
            n INTEGER NOT NULL, threshold REAL NOT NULL, predictions_sha256 TEXT NOT NULL, result TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER holdout_ledger_kept BEFORE UPDATE ON holdout_ledger BEGIN
            SELECT RAISE(ABORT, 'the ledger is only ever added to');
        END;
        CREATE TRIGGER holdout_ledger_stays BEFORE DELETE ON holdout_ledger BEGIN
            SELECT RAISE(ABORT, 'the ledger is only ever added to');
        END;
        """

    static let snapshots = """
        CREATE TABLE snapshots (
            snapshot_id TEXT PRIMARY KEY NOT NULL, created_at TEXT NOT NULL, note TEXT,
            train INTEGER NOT NULL, val INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idx_snapshots_created_at ON snapshots (created_at, snapshot_id);
        CREATE TABLE snapshot_images (
            snapshot_id TEXT NOT NULL REFERENCES snapshots (snapshot_id),
            image_id INTEGER NOT NULL REFERENCES labels (id),
            split TEXT NOT NULL CHECK (split IN ('train', 'val')), labels TEXT NOT NULL,
            PRIMARY KEY (snapshot_id, image_id)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER snapshots_kept BEFORE UPDATE ON snapshots BEGIN
            SELECT RAISE(ABORT, 'a snapshot never changes');
        END;
        CREATE TRIGGER snapshot_images_kept BEFORE UPDATE ON snapshot_images BEGIN
            SELECT RAISE(ABORT, 'a snapshot never changes');
        END;
        """
}

extension LabelSettings {
    /// The rows that a model is trained and validated on.
    var trainVal: String {
        "split IN ('train', 'val') AND (\(labels.map { "has_\($0.name) IS NOT NULL" }.joined(separator: " OR ")))"
    }
}
