import Testing
import Wire

@testable import Server

struct LabelsListTests {
    private func names(_ data: TestData, _ list: LabelsList) async throws -> [JSONValue?] {
        try await data.call(list).images.map { $0["filename"] }
    }

    private func filled() async throws -> TestData {
        let data = try TestData()
        let names = (0..<50).map { "image \($0)" }
        let ids = try await data.insert(names, studies: (0..<50).map { "study \($0 % 3)" })
        for id in ids where id % 2 == 0 {
            _ = try await data.outcome(LabelsSet(id: id, labels: ["mag_view": Int(id / 2 % 2)]))
        }
        return data
    }

    /// The names of images that a condition of SQL finds, among those that are not held out.
    private func expected(_ data: TestData, _ condition: String) async throws -> [JSONValue?] {
        try await data.strings("SELECT filename FROM labels WHERE split IS NOT 'test' AND \(condition) ORDER BY id")
            .map { $0.map(JSONValue.string) }
    }

    @Test func heldOutImagesAreNeverListed() async throws {
        let data = try await filled()
        #expect(try await data.call(LabelsStats()).splits.test > 0)
        #expect(try await names(data, LabelsList(limit: 1000)) == expected(data, "1"))
        let filters = LabelsList(filters: ["biopsy_tool": nil])
        #expect(try await data.call(filters).images.allSatisfy { $0["split"] != "test" })
    }

    @Test(
        arguments: [
            (LabelsList(split: "train"), "split = 'train'"), (LabelsList(split: "val"), "split = 'val'"),
            (LabelsList(studyID: "study 1"), "study_id = 'study 1'"),
            (LabelsList(labeled: true), "has_mag_view IS NOT NULL"),
            (LabelsList(labeled: false), "has_mag_view IS NULL AND has_biopsy_tool IS NULL"),
            (LabelsList(filters: ["mag_view": 1]), "has_mag_view = 1"),
            (LabelsList(filters: ["mag_view": nil]), "has_mag_view IS NULL"),
            (LabelsList(filters: ["mag_view": 0, "biopsy_tool": nil]), "has_mag_view = 0"),
            (LabelsList(text: "e 1"), "filename LIKE 'image 1%'"), (LabelsList(text: "%"), "0"),
            (
                LabelsList(split: "train", studyID: "study 2", text: "4"),
                "split = 'train' AND study_id = 'study 2' AND filename LIKE '%4%'"
            ),
        ] as [(LabelsList, String)]
    )
    func filtersFilter(list: LabelsList, condition: String) async throws {
        let data = try await filled()
        #expect(try await names(data, list) == expected(data, condition))
    }

    @Test(arguments: ["has_biopsy_tool IS 1", "has_biopsy_tool IS NULL", "has_mag_view IS 0"])
    func aPageOfOneLabelsValueIsReadInOrder(condition: String) async throws {
        let data = try TestData()
        let plan = try await data.catalog.read { connection in
            try connection.rows(
                """
                EXPLAIN QUERY PLAN SELECT filename FROM labels
                WHERE split IS NOT 'test' AND \(condition) AND id > 7 ORDER BY id LIMIT 101
                """
            ) { $0.string(3) }
        }
        #expect(plan.count == 1 && plan[0].hasSuffix("(\(condition.prefix { $0 != " " })=? AND rowid>?)"), "\(plan)")
    }

    @Test func pagesFollowOneAnotherWhileImagesAreAdded() async throws {
        let data = try await filled()
        var listed: [JSONValue?] = []
        var cursor: String?
        repeat {
            let page = try await data.call(LabelsList(limit: 7, cursor: cursor))
            #expect(page.images.count <= 7)
            listed += page.images.map { $0["filename"] }
            cursor = page.cursor
            if listed.count == 7 { try await data.insert(["later"]) }
        } while cursor != nil
        #expect(listed == (try await expected(data, "1")))
    }

    @Test func aRowHasTheTablesColumnsAndItsTimesInSeconds() async throws {
        let data = try TestData(.withoutHoldout)
        try await data.insert(["image_001.dcm"], studies: ["s"])
        let set = try await data.call(LabelsSet(id: 1, labels: ["mag_view": 1]))
        let row = try #require(try await data.call(LabelsList()).images.first)
        #expect(
            Set(row.keys) == [
                "id", "filename", "study_id", "thumbnail_path", "frame_number", "has_biopsy_tool", "has_mag_view",
                "labeled_at", "confidence_biopsy", "confidence_mag", "predicted_at", "split", "frame_ref", "outcome",
            ]
        )
        #expect(row["has_mag_view"] == 1)
        #expect(row["has_biopsy_tool"] == .null)
        #expect(row["split"] == "train")
        guard case .number(let time)? = row["labeled_at"] else {
            Issue.record("labeled_at is no number")
            return
        }
        #expect(abs(time - (set.labeledAt ?? 0)) < 1e-5)
    }

    @Test(arguments: [
        LabelsList(split: "test"), LabelsList(split: "all"), LabelsList(filters: ["cat": 1]), LabelsList(limit: 0),
        LabelsList(cursor: "x"), LabelsList(filters: ["mag_view": 2]),
    ])
    func badParametersAreRefused(list: LabelsList) async throws {
        #expect(try await TestData().refusal(list)?.kind == .invalidParams)
    }
}
