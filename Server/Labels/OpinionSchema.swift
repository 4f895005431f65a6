/// What an annotator says of an image as one row, with a column for each label, and as the view `label_opinions` with a row
/// for each label.
enum OpinionSchema {
    /// Puts the table that had a row and two entries in indexes for each opinion into the new form.
    static func script(_ settings: LabelSettings) -> String {
        let names = settings.labels.map(\.name)
        let columns = names.map { "has_\($0), at_\($0)" }.joined(separator: ", ")
        let definitions = names.map { "has_\($0) INTEGER CHECK (has_\($0) IN (0, 1)), at_\($0) TEXT" }
        let values = names.map { name in
            "max(CASE label WHEN '\(name)' THEN value END), max(CASE label WHEN '\(name)' THEN at END)"
        }
        return """
            CREATE TABLE label_judgements (
                image_id INTEGER NOT NULL REFERENCES labels (id) DEFERRABLE INITIALLY DEFERRED, annotator TEXT NOT NULL,
                \(definitions.joined(separator: ",\n    ")),
                PRIMARY KEY (image_id, annotator)
            ) STRICT, WITHOUT ROWID;
            INSERT INTO label_judgements (image_id, annotator, \(columns))
            SELECT image_id, annotator, \(values.joined(separator: ", ")) FROM label_opinions
            GROUP BY image_id, annotator ORDER BY image_id, annotator;
            DROP TABLE label_opinions;
            CREATE VIEW label_opinions AS
            \(names.map(opinions).joined(separator: "\nUNION ALL\n"));
            """
    }

    /// The cast gives the column the type that it had in the table.
    private static func opinions(_ name: String) -> String {
        """
        SELECT image_id, CAST('\(name)' AS TEXT) AS label, annotator, has_\(name) AS value, at_\(name) AS at
        FROM label_judgements WHERE has_\(name) IS NOT NULL
        """
    }
}
