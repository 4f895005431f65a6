import Testing
import Wire

@testable import Server

struct SnapshotsTests {
    private func labeled() async throws -> (data: TestData, ids: [Int64]) {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<30).map { "image \($0)" })
        for (place, id) in ids.enumerated() {
            try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": place % 2], annotator: "ann"))
        }
        return (data, ids)
    }

    @Test func theSameStateIsTheSameSnapshot() async throws {
        let (data, ids) = try await labeled()
        let first = try await data.call(SnapshotsCreate(note: "baseline"))
        #expect(first.snapshotID.count == 64)
        #expect(first.train + first.val == 30)
        #expect(try await data.call(SnapshotsCreate(note: "again")) == first)
        try await data.call(LabelsSet(id: ids[0], labels: ["biopsy_tool": 1]))
        let second = try await data.call(SnapshotsCreate())
        #expect(second.snapshotID != first.snapshotID)
        try await data.call(LabelsUndo(id: ids[0]))
        #expect(try await data.call(SnapshotsCreate()) == first)
        #expect(
            try await data.call(SnapshotsList()).snapshots.map(\.snapshotID) == [second.snapshotID, first.snapshotID]
        )
    }

    @Test func aSnapshotKeepsWhatWas() async throws {
        let (data, ids) = try await labeled()
        let made = try await data.call(SnapshotsCreate())
        try await data.call(LabelsSet(id: ids[0], labels: ["biopsy_tool": 1, "mag_view": 1]))
        let page = try await data.call(SnapshotsGet(snapshotID: made.snapshotID, limit: 2))
        #expect(page.snapshot == made)
        #expect(page.images.map(\.labels) == [["biopsy_tool": 0], ["biopsy_tool": 1]])
        #expect(page.images[0].filename == "image 0")
        let rest = try await data.call(SnapshotsGet(snapshotID: made.snapshotID, cursor: page.cursor))
        #expect(rest.images.count == 28)
        #expect(rest.cursor == nil)
        #expect(throws: SQLError.self) { try data.change("UPDATE snapshot_images SET labels = '{}'") }
        #expect(try await data.refusal(SnapshotsGet(snapshotID: "none"))?.kind == .notFound)
    }
}
