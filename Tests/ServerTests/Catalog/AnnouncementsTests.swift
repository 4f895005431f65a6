import Testing
import Wire

@testable import Server

struct AnnouncementsTests {
    @Test func whoListensHearsOnceOfManyChanges() async {
        let announcements = Announcements()
        let stream = announcements.listen()
        for _ in 0..<1000 { announcements.post(.labels) }
        for run in ["a", "b", "a"] { announcements.post(.metrics, runs: [run]) }
        announcements.post(.labels)
        announcements.end()
        var heard: [Announcements.Change] = []
        for await changes in stream { heard += changes }
        #expect(heard == [.init(topic: .labels), .init(topic: .metrics, runs: ["a", "b"])])
    }

    @Test func whoListensIsWokenWithoutAChange() async throws {
        let announcements = Announcements()
        var heard = announcements.listen().makeAsyncIterator()
        announcements.ring()
        #expect(try await heard.next()?.isEmpty == true)
    }

    @Test func aLabelIsAnnouncedOnceItIsCommitted() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        var changes = data.catalog.announcements.listen().makeAsyncIterator()
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 1]))
        #expect(try await changes.next() == [.init(topic: .labels)])
    }
}
