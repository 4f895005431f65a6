/// What follows every change of the table `labels` by itself: counters, so that counting does not scan, and guards, so
/// that no program can break what must always hold.
enum LabelTriggers {
    private static func add(_ name: String, _ amount: String) -> String {
        "UPDATE label_counters SET count = count + (\(amount)) WHERE name = \(name) AND (\(amount)) != 0;"
    }

    static func counters(_ settings: LabelSettings) -> String {
        let pools = CandidatePool.open(settings)
        // How much more often a condition holds after the change than before.
        let changes = LabelCounters.judged(settings).map { counter in
            add("'\(counter.name)'", "(\(counter.condition(of: "NEW"))) - (\(counter.condition(of: "OLD")))")
        }
        let judged = settings.labels.map { "has_\($0.name)" } + ["outcome", "skipped_at", "split"]
        return """
            CREATE TABLE label_counters (name TEXT PRIMARY KEY NOT NULL, count INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            INSERT INTO label_counters (name, count)
            VALUES \(LabelCounters.names(settings).map { "('\($0)', 0)" }.joined(separator: ", "));
            CREATE TRIGGER labels_inserted AFTER INSERT ON labels BEGIN
                UPDATE label_counters SET count = count + 1
                WHERE name IN ('total', 'split_' || coalesce(NEW.split, 'none'),
                    \(pools.map { "CASE WHEN \($0.condition(of: "NEW")) THEN '\($0.name)' END" }.joined(separator: ", ")));
            END;
            CREATE TRIGGER labels_judged AFTER UPDATE OF \(judged.joined(separator: ", ")) ON labels BEGIN
                \(changes.joined(separator: "\n    "))
            END;
            CREATE TRIGGER labels_split_set AFTER UPDATE OF split ON labels WHEN NEW.split IS NOT OLD.split BEGIN
                \(add("'split_' || coalesce(OLD.split, 'none')", "-1"))
                \(add("'split_' || coalesce(NEW.split, 'none')", "1"))
            END;
            """
    }

    /// How many images of each study lie on each side; a study on both sides of the hold-out, or of train and val, leaks.
    static let studies = """
        CREATE TABLE label_studies (
            study_id TEXT PRIMARY KEY NOT NULL,
            test INTEGER NOT NULL DEFAULT 0, other INTEGER NOT NULL DEFAULT 0,
            train INTEGER NOT NULL DEFAULT 0, val INTEGER NOT NULL DEFAULT 0
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER labels_study_inserted AFTER INSERT ON labels WHEN NEW.study_id IS NOT NULL BEGIN
            INSERT INTO label_studies (study_id, test, other)
            VALUES (NEW.study_id, NEW.split IS 'test', NEW.split IS NOT 'test')
            ON CONFLICT (study_id) DO UPDATE SET test = test + excluded.test, other = other + excluded.other;
        END;
        CREATE TRIGGER labels_study_split AFTER UPDATE OF split ON labels
        WHEN NEW.study_id IS NOT NULL AND OLD.split IS NULL AND NEW.split IN ('train', 'val') BEGIN
            UPDATE label_studies SET train = train + (NEW.split = 'train'), val = val + (NEW.split = 'val')
            WHERE study_id = NEW.study_id;
        END;
        CREATE TRIGGER label_studies_straddle AFTER UPDATE ON label_studies
        WHEN ((NEW.test > 0 AND NEW.other > 0) OR (NEW.train > 0 AND NEW.val > 0))
            AND NOT ((OLD.test > 0 AND OLD.other > 0) OR (OLD.train > 0 AND OLD.val > 0)) BEGIN
            UPDATE label_counters SET count = count + 1 WHERE name = 'straddling_studies';
        END;
        """

    /// Scores follow the label that an image has, and are counted by twentieths.
    static func scores(_ settings: LabelSettings) -> String {
        let count = { (row: String, sign: String) in
            """
            INSERT INTO label_score_bins (label, bin, given, count, sum)
            SELECT \(row).label, min(\(ScoreBins.count - 1), CAST(\(row).score * \(ScoreBins.count) AS INTEGER)), \(row).given, \(sign)1, \(sign)\(row).score
            WHERE \(row).given IS NOT NULL
            ON CONFLICT (label, bin, given) DO UPDATE SET count = count + excluded.count, sum = sum + excluded.sum;
            """
        }
        let follow = settings.labels.map { label in
            """
            CREATE TRIGGER label_scores_follow_\(label.name) AFTER UPDATE OF has_\(label.name) ON labels BEGIN
                UPDATE label_scores SET given = NEW.has_\(label.name)
                WHERE image_id = NEW.id AND label = '\(label.name)' AND given IS NOT NEW.has_\(label.name);
            END;
            """
        }
        return """
            CREATE TRIGGER label_scores_added AFTER INSERT ON label_scores BEGIN
                \(count("NEW", ""))
            END;
            CREATE TRIGGER label_scores_changed AFTER UPDATE OF score, given ON label_scores BEGIN
                \(count("OLD", "-"))
                \(count("NEW", ""))
            END;
            \(follow.joined(separator: "\n"))
            """
    }

    /// A split is decided once, and what is held out stays out of training's tables.
    static func guards(_ settings: LabelSettings) -> String {
        let confidences = settings.labels.map { "confidence_\($0.shortName)" }
        return """
            CREATE TRIGGER labels_split_fixed BEFORE UPDATE OF split ON labels
            WHEN OLD.split IS NOT NULL AND NEW.split IS NOT OLD.split BEGIN
                SELECT RAISE(ABORT, 'the split of an image never changes');
            END;
            CREATE TRIGGER labels_name_fixed BEFORE UPDATE OF filename, study_id ON labels
            WHEN NEW.filename IS NOT OLD.filename OR NEW.study_id IS NOT OLD.study_id BEGIN
                SELECT RAISE(ABORT, 'what the split was computed from never changes');
            END;
            CREATE TRIGGER labels_holdout_unpredicted BEFORE UPDATE OF \(confidences.joined(separator: ", ")) ON labels
            WHEN OLD.split IS 'test' BEGIN
                SELECT RAISE(ABORT, 'holdout_leak: a held-out image gets no prediction');
            END;
            CREATE TRIGGER label_scores_no_holdout BEFORE INSERT ON label_scores
            WHEN (SELECT split FROM labels WHERE id = NEW.image_id) IS 'test' BEGIN
                SELECT RAISE(ABORT, 'holdout_leak: a held-out image gets no score');
            END;
            CREATE TRIGGER snapshot_images_no_holdout BEFORE INSERT ON snapshot_images
            WHEN (SELECT split FROM labels WHERE id = NEW.image_id) IS NOT NEW.split BEGIN
                SELECT RAISE(ABORT, 'holdout_leak: a snapshot has train and val images only');
            END;
            """
    }
}
