import Testing
import Wire

@testable import Server

struct AnnouncementsTests {
    @Test func whoListensHearsOnceOfManyChanges() async {
        let announcements = Announcements()
        let stream = announcements.listen()
        for _ in 0..<1000 { announcements.post(.labels) }
        announcements.post(.runs)
        announcements.end()
        var heard: [Announcements.Topic] = []
        for await topic in stream { heard.append(topic) }
        #expect(heard == [.labels, .runs])
    }

    @Test func aLabelIsAnnouncedOnceItIsCommitted() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        var changes = data.catalog.announcements.listen().makeAsyncIterator()
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 1]))
        #expect(await changes.next() == .labels)
    }
}
