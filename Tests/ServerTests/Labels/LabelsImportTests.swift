import Testing
import Wire

@testable import Server

/// Labels by name, many at once: what is left behind is what the same labels one by one leave.
struct LabelsImportTests {
    private static var byStudy: LabelSettings {
        var settings = LabelSettings.standard
        settings.splitBy = .study
        return settings
    }

    private static func rows(_ count: Int, salt: Int = 0) -> LabelsImport {
        LabelsImport(
            filenames: (0..<count).map { "image \($0)" },
            studyIDs: (0..<count).map { "study \($0 / 4)" },
            frameNumbers: (0..<count).map { Int64($0) },
            labels: [
                "biopsy_tool": (0..<count).map { [0, 1, nil][($0 + salt) % 3] },
                "mag_view": (0..<count).map { [1, nil, nil, 0, nil][($0 + salt) % 5] },
            ],
            annotator: "ann"
        )
    }

    /// The tables of this domain as text, without what is random or depends on when it was written.
    private func contents(_ data: TestData) async throws -> [[String?]] {
        var tables: [[String?]] = []
        for (columns, rest) in [
            (
                "filename, study_id, frame_number, split, outcome, has_biopsy_tool, has_mag_view, labeled_at IS NULL, skipped_at IS NULL",
                "labels ORDER BY filename"
            ),
            ("name, count", "label_counters ORDER BY name"),
            ("study_id, test, other, train, val", "label_studies ORDER BY study_id"),
            (
                "filename, kind, annotator, json_extract(after, '$.labels'), json_extract(after, '$.opinions')",
                "label_events JOIN labels ON labels.id = image_id ORDER BY label_events.id"
            ),
            (
                "filename, label, annotator, value",
                "label_opinions JOIN labels ON id = image_id ORDER BY filename, label, annotator"
            ),
            ("sum(labels), sum(skips), sum(undos)", "label_activity"),
            ("annotator, labels, skips, undos", "label_annotators ORDER BY annotator"),
            (
                "label, first, second, both_no, first_only, second_only, both_yes",
                "label_agreement ORDER BY label, first, second"
            ),
            ("label, filename", "label_disagreements JOIN labels ON id = image_id ORDER BY label, filename"),
            ("label, image_id, given, is_confirmed", "label_scores ORDER BY label, image_id"),
        ] {
            tables.append(try await data.strings("SELECT json_array(\(columns)) FROM \(rest)"))
        }
        return tables
    }

    /// The same one by one, in the order in which an import writes: images without a judgement first.
    private func oneByOne(_ rows: LabelsImport, _ data: TestData, last: Set<Int> = []) async throws {
        let images = rows.filenames.indices.map { index in
            ImagesInsert.Image(
                filename: rows.filenames[index],
                studyID: rows.studyIDs?[index],
                frameNumber: rows.frameNumbers?[index]
            )
        }
        let ids = try await data.call(ImagesInsert(images: images)).ids
        for index in ids.indices.filter({ !last.contains($0) }) + ids.indices.filter({ last.contains($0) }) {
            let values = rows.labels.compactMapValues { $0[index] }
            guard !values.isEmpty, try await data.column("split", of: ids[index]) != .text("test") else { continue }
            try await data.call(LabelsSet(id: ids[index], labels: values.mapValues { $0 }, annotator: rows.annotator))
        }
    }

    @Test(arguments: [LabelSettings.SplitKey.filename, .study])
    func newImagesAreAsIfLabeledOneByOne(splitBy: LabelSettings.SplitKey) async throws {
        let settings = splitBy == .study ? Self.byStudy : .standard
        let (one, all) = (try TestData(settings), try TestData(settings))
        let rows = Self.rows(300)
        try await oneByOne(rows, one)
        let result = try await all.call(rows)
        let held = try await all.integers("SELECT count(*) FROM labels WHERE split = 'test'")
        #expect(result.inserted == 300)
        #expect(result.heldOut == held[0].map { Int($0) })
        #expect(result.labeled > 150 && result.rejected.isEmpty)
        #expect(try await contents(all) == contents(one))
        #expect(try await all.counters() == all.recount())
        let triggers = "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"
        #expect(try await all.integers(triggers) == one.integers(triggers))
    }

    @Test func whatIsThereAlreadyIsLabeledAndWhatIsJudgedRelabeled() async throws {
        let (one, all) = (try TestData(.standard), try TestData(.standard))
        for data in [one, all] {
            let ids = try await data.insert((0..<60).map { "image \($0)" }, studies: (0..<60).map { "study \($0 / 4)" })
            let open = ids.filter { !LabelSettings.standard.isHoldout("image \($0 - ids[0])") }
            try await data.call(LabelsSet(id: open[0], labels: ["biopsy_tool": 1], annotator: "ben"))
            try await data.call(LabelsSet(id: open[1], labels: [:], outcome: .unusable, annotator: "ben"))
            try await data.call(LabelsSkip(id: open[2], annotator: "ben"))
            try await data.call(LabelsSet(id: open[3], labels: ["mag_view": 0], annotator: "ben"))
            try await data.call(LabelsUndo(id: open[3]))
            try await data.call(LabelsUpdateScores([.init(id: open[0], confidence: ["biopsy_tool": 0.3])]))
        }
        let rows = Self.rows(60)
        let judged = try await all.integers("SELECT DISTINCT image_id FROM label_events").compactMap {
            $0.map { Int($0) - 1 }
        }
        try await oneByOne(rows, one, last: Set(judged))
        try await all.call(rows)
        #expect(try await contents(all) == contents(one))
        #expect(try await all.counters() == all.recount())
    }

    @Test func theSameAgainChangesNothing() async throws {
        let data = try TestData(.standard)
        let first = try await data.call(Self.rows(100))
        let before = try await contents(data)
        let again = try await data.call(Self.rows(100))
        #expect(again.inserted == 0 && again.labeled == 0)
        #expect(again.heldOut == first.heldOut && again.unchanged == 100 - first.heldOut)
        #expect(try await contents(data) == before)
        try await data.call(Self.rows(100, salt: 1))
        #expect(try await data.counters() == data.recount())
    }

    @Test func importedLabelsAreUndoneAsOthersAre() async throws {
        let data = try TestData(.withoutHoldout)
        let rows = LabelsImport(
            filenames: ["a", "b", "c", "d"],
            labels: ["biopsy_tool": [1, nil, 0, 1]],
            annotator: "ann"
        )
        try await data.call(rows)
        try await data.call(LabelsSet(id: 2, labels: ["mag_view": 1], annotator: "ann"))
        #expect(try await data.call(LabelsUndo(id: 3)).labels == ["biopsy_tool": nil, "mag_view": nil])
        for id: Int64 in [2, 4, 1] {
            let undone = try await data.call(LabelsUndo(annotator: "ann"))
            #expect(undone.id == id)
            #expect(undone.labels == ["biopsy_tool": nil, "mag_view": nil])
        }
        #expect(try await data.refusal(LabelsUndo(annotator: "ann"))?.kind == .notFound)
        #expect(try await data.counters() == data.recount())
        // They were judged once, so that the same file does not label them as if they never had been.
        let again = try await data.call(rows)
        #expect(again.labeled == 3 && again.unchanged == 1)
        #expect(try await data.integers("SELECT count(*) FROM label_events WHERE image_id = 1") == [3])
    }

    @Test func aFileNameThatComesAgainIsTheSameImage() async throws {
        let data = try TestData(.withoutHoldout)
        let result = try await data.call(
            LabelsImport(
                filenames: ["a", "b", "a", "b", "b"],
                labels: ["biopsy_tool": [1, nil, 0, 1, nil], "mag_view": [nil, nil, nil, nil, 1]]
            )
        )
        #expect(result.inserted == 2)
        let images = "SELECT filename || has_biopsy_tool || coalesce(has_mag_view, '-') FROM labels ORDER BY id"
        #expect(try await data.strings(images) == ["a0-", "b11"])
        #expect(try await data.counters() == data.recount())
    }

    @Test func eventsOfManyImagesAreRowsAsOthersAre() async throws {
        let data = try TestData(.standard)
        let first = try await data.call(Self.rows(2500))
        let open = "labels WHERE split IS NOT 'test' AND labeled_at IS NOT NULL"
        #expect(
            try await data.integers("SELECT image_id FROM label_events ORDER BY id")
                == data.integers("SELECT id FROM \(open) ORDER BY id")
        )
        #expect(try await data.integers("SELECT count(DISTINCT id) FROM label_events") == [Int64(first.labeled)])
        let wrong = """
            SELECT count(*) FROM label_events JOIN labels ON labels.id = image_id
            WHERE json_extract(after, '$.labels.mag_view') IS NOT has_mag_view OR at != labeled_at
            """
        #expect(try await data.integers(wrong) == [0])
        #expect(throws: (any Error).self) { try data.change("UPDATE label_event_blocks SET annotator = 'eve'") }
    }

    @Test(
        arguments: [
            "SELECT * FROM label_events WHERE image_id = 7",
            "SELECT label_events.at FROM label_events JOIN labels ON labels.id = image_id WHERE filename = 'image 7'",
            "SELECT 1 FROM labels WHERE id = 7 AND EXISTS (SELECT 1 FROM label_events WHERE image_id = labels.id)",
            "SELECT value FROM label_opinions WHERE image_id = 7 AND label = 'mag_view'",
            "SELECT 1 FROM labels WHERE id = 7 AND EXISTS (SELECT 1 FROM label_opinions WHERE annotator = 'ann' AND image_id = labels.id)",
        ]
    )
    func whatIsSaidOfAnImageIsFoundWithoutAScan(query: String) async throws {
        let data = try TestData(.standard)
        let plan = try await data.catalog.read { connection in
            try connection.rows("EXPLAIN QUERY PLAN \(query)") { $0.string(3) }
        }
        #expect(!plan.contains { $0.hasPrefix("SCAN") || $0.hasPrefix("MATERIALIZE") }, "\(plan)")
    }

    @Test func onlyNewImagesNeedAStudy() async throws {
        let data = try TestData(Self.byStudy)
        let name = try #require((0..<99).map { "image \($0)" }.first { !Self.byStudy.isHoldout($0) })
        try await data.insert(["known"], studies: [name])
        let result = try await data.call(
            LabelsImport(filenames: ["known", "new", ""], labels: ["mag_view": [1, 1, 1]])
        )
        #expect(result.labeled == 1)
        #expect(result.rejected.map(\.index) == [1, 2])
        #expect(result.rejected[0].message.contains("\"new\" has none"))
    }

    @Test func columnsMustFit() async throws {
        let data = try TestData(.standard)
        for bad in [
            LabelsImport(filenames: [], labels: [:]),
            LabelsImport(filenames: ["a"], labels: ["biopsy_tool": []]),
            LabelsImport(filenames: ["a"], labels: ["biopsy_tool": [2]]),
            LabelsImport(filenames: ["a"], labels: ["none": [1]]),
            LabelsImport(filenames: ["a"], studyIDs: [], labels: [:]),
            LabelsImport(filenames: ["a"], frameNumbers: [1, 2], labels: [:]),
        ] {
            #expect(try await data.refusal(bad)?.kind == .invalidParams)
        }
        #expect(try await data.counters() == data.recount())
    }
}
