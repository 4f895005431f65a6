import Testing
import Wire

@testable import Server

/// Databases of earlier versions: what is in them is there afterwards, and can be gone on with.
struct LabelMigrationsTests {
    /// A data directory with the tables of the first version, with an image "a" that ann and ben have judged.
    private func first() throws -> TemporaryDirectory {
        let directory = try TemporaryDirectory()
        let place = try DataDirectory(directory.path)
        let migrations =
            [SettingsTable.migration] + Producers.migrations + RunStore.migrations + Replay.migrations
            + Metrics.migrations + Labels.migrations(.withoutHoldout).prefix(1)
        let catalog = try Catalog(
            path: place.database,
            durability: .process,
            migrations: migrations,
            arrays: try ArrayStore(directory: place.arrays, repairs: RepairHere())
        )
        try catalog.writeNow { connection in
            try connection.run(
                script: """
                    INSERT INTO labels (filename, tiebreak) VALUES ('a', 1), ('b', 2);
                    UPDATE labels SET split = 'train', has_biopsy_tool = 1, labeled_at = '2026-01-01T00:00:00.000000Z'
                    WHERE id = 1;
                    INSERT INTO label_events (image_id, kind, annotator, at, before, after, event_id, answer) VALUES
                    (1, 'set', 'ann', '2026-01-01T00:00:00.000000Z',
                    '{"labels":{"biopsy_tool":null,"mag_view":null},"skipped":false,"opinions":{}}',
                    '{"labels":{"biopsy_tool":1,"mag_view":null},"skipped":false,"opinions":{"biopsy_tool":1}}',
                    'first', '{"id":1,"split":"train"}'),
                    (1, 'set', 'ben', '2026-01-02T00:00:00.000000Z',
                    '{"labels":{"biopsy_tool":1,"mag_view":null},"skipped":false,"opinions":{}}',
                    '{"labels":{"biopsy_tool":1,"mag_view":null},"skipped":false,"opinions":{"biopsy_tool":0,"mag_view":1}}',
                    NULL, '{"id":1,"split":"train"}');
                    INSERT INTO label_opinions (image_id, label, annotator, value, at) VALUES
                    (1, 'biopsy_tool', 'ann', 1, '2026-01-01T00:00:00.000000Z'),
                    (1, 'biopsy_tool', 'ben', 0, '2026-01-02T00:00:00.000000Z'),
                    (1, 'mag_view', 'ben', 1, '2026-01-03T00:00:00.000000Z');
                    """
            )
        }
        try catalog.close()
        return directory
    }

    @Test func opinionsAndEventsAreKept() async throws {
        let data = try TestData(.withoutHoldout, in: first())
        let opinions =
            "SELECT image_id || label || annotator || value || at FROM label_opinions ORDER BY label, annotator"
        #expect(
            try await data.strings(opinions) == [
                "1biopsy_toolann12026-01-01T00:00:00.000000Z", "1biopsy_toolben02026-01-02T00:00:00.000000Z",
                "1mag_viewben12026-01-03T00:00:00.000000Z",
            ]
        )
        let events = "SELECT id || kind || annotator || coalesce(event_id, '-') FROM label_events ORDER BY id"
        #expect(try await data.strings(events) == ["1setannfirst", "2setben-"])
        let counts = "SELECT annotator || labels FROM label_annotators ORDER BY annotator"
        #expect(try await data.strings(counts) == ["ann1", "ben1"])
    }

    @Test func whatWasDoneBeforeIsUndone() async throws {
        let data = try TestData(.withoutHoldout, in: first())
        #expect(try await data.call(LabelsUndo(annotator: "ben")).changed == ["biopsy_tool", "mag_view"])
        let again = LabelsSet(id: 1, labels: ["biopsy_tool": 0], annotator: "ann", eventID: "first")
        #expect(try await data.call(again).split == "train")
        #expect(try await data.call(LabelsUndo(annotator: "ann")).labels == ["biopsy_tool": nil, "mag_view": nil])
        #expect(try await data.integers("SELECT count(*) FROM label_opinions") == [0])
        #expect(try await data.integers("SELECT id FROM label_events ORDER BY id") == [1, 2, 3, 4])
    }
}
