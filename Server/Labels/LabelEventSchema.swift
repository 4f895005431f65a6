/// The record of events as a row for each, as blocks of those that an import made, and as the view `label_events` of both.
enum LabelEventSchema {
    /// Puts the table that had all of them into the new form.
    static let script = """
        CREATE TABLE label_event_log (
            id INTEGER PRIMARY KEY,
            image_id INTEGER NOT NULL REFERENCES labels (id),
            kind TEXT NOT NULL CHECK (kind IN ('set', 'skip', 'undo')),
            annotator TEXT NOT NULL,
            at TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            time_spent REAL CHECK (time_spent >= 0),
            serve_id INTEGER,
            undoes INTEGER,
            event_id TEXT,
            answer TEXT NOT NULL
        ) STRICT;
        INSERT INTO label_event_log
        SELECT id, image_id, kind, annotator, at, before, after, time_spent, serve_id, undoes, event_id, answer
        FROM label_events ORDER BY id;
        DROP TABLE label_events;
        CREATE INDEX idx_label_event_log_annotator ON label_event_log (annotator);
        CREATE INDEX idx_label_event_log_image ON label_event_log (image_id);
        CREATE INDEX idx_label_event_log_undoes ON label_event_log (undoes) WHERE undoes IS NOT NULL;
        CREATE UNIQUE INDEX idx_label_event_log_event_id ON label_event_log (event_id) WHERE event_id IS NOT NULL;
        CREATE TABLE label_event_blocks (
            id INTEGER PRIMARY KEY,
            first_image INTEGER NOT NULL, last_image INTEGER UNIQUE NOT NULL REFERENCES labels (id),
            annotator TEXT NOT NULL, at TEXT NOT NULL,
            states TEXT NOT NULL, codes BLOB NOT NULL,
            CHECK (last_image - first_image + 1 = length(codes) AND length(codes) <= \(LabelEventBlock.mostImages))
        ) STRICT;
        CREATE INDEX idx_label_event_blocks_annotator ON label_event_blocks (annotator);
        \(["label_event_log", "label_event_blocks"].map(kept).joined(separator: "\n"))
        \(counted)
        \(views)
        """

    private static func kept(_ table: String) -> String {
        """
        CREATE TRIGGER \(table)_kept BEFORE UPDATE ON \(table) BEGIN
            SELECT RAISE(ABORT, 'label_events is only ever added to');
        END;
        CREATE TRIGGER \(table)_stay BEFORE DELETE ON \(table) BEGIN
            SELECT RAISE(ABORT, 'label_events is only ever added to');
        END;
        """
    }

    private static let counted = """
        CREATE TRIGGER label_events_counted AFTER INSERT ON label_event_log BEGIN
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

    /// The casts give both parts of the view columns of the same types: only then SQLite looks an event up in each of them,
    /// instead of making all events first. That a block has a bounded number of images lets it find one by its last image.
    private static let views = """
        CREATE VIEW label_block_events AS
        SELECT block.id AS block_id, CAST(block.id - (last_image - labels.id) AS INTEGER) AS id, labels.id AS image_id,
            annotator, at, CAST(json_extract(states, \(state) || '.before') AS TEXT) AS before,
            CAST(json_extract(states, \(state) || '.after') AS TEXT) AS after
        FROM label_event_blocks AS block JOIN labels ON labels.id BETWEEN first_image AND last_image
            AND last_image <= labels.id + \(LabelEventBlock.mostImages - 1)
        WHERE substr(codes, labels.id - first_image + 1, 1) != x'00';
        CREATE VIEW label_events AS
        SELECT id, image_id, kind, annotator, at, before, after, time_spent, serve_id, undoes, event_id, answer
        FROM label_event_log
        UNION ALL
        SELECT id, image_id, CAST('set' AS TEXT), annotator, at, before, after, CAST(NULL AS REAL), CAST(NULL AS INTEGER),
            CAST(NULL AS INTEGER), CAST(NULL AS TEXT), CAST('{}' AS TEXT)
        FROM label_block_events;
        """

    private static let state = "'$.\"' || hex(substr(codes, labels.id - first_image + 1, 1)) || '\"'"
}
