import Testing
import Wire

@testable import Server

struct LabelsSetTests {
    private static let both = ["biopsy_tool", "mag_view"]

    @Test func aLabelIsStoredWithItsTimeAndSplit() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["image_001.dcm"])[0]
        let result = try await data.call(LabelsSet(id: id, labels: ["mag_view": 1], annotator: "ann"))
        // 0.6812 is not below 0.20.
        #expect(result.split == "train")
        #expect(try await data.column("has_mag_view", of: id) == .integer(1))
        #expect(try await data.column("has_biopsy_tool", of: id) == .null)
        #expect(try await data.column("split", of: id) == .text("train"))
        let time = try #require(result.labeledAt)
        #expect(try await data.column("labeled_at", of: id) == .text(Timestamp.text(time)))
    }

    @Test func theSplitFollowsFromTheNameAndNeverChanges() async throws {
        let data = try TestData(.withoutHoldout)
        let names = (0..<60).map { "image \($0)" }
        for (name, id) in zip(names, try await data.insert(names)) {
            let expected = LabelSettings.standard.trainingSplit(name)
            #expect(try await data.call(LabelsSet(id: id, labels: ["mag_view": 0])).split == expected)
            #expect(try await data.call(LabelsSet(id: id, labels: ["mag_view": nil])).split == expected)
            #expect(try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": 1])).split == expected)
            try await data.call(LabelsUndo(id: id))
            #expect(try await data.column("split", of: id) == .text(expected))
        }
        #expect(try await data.insert(["image 0"]) == [1])
        #expect(try await data.call(LabelsStats()).splits.none == 0)
    }

    @Test func onlyZeroAndOneFixTheSplit() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        let results = [
            try await data.call(LabelsSet(id: id, labels: ["mag_view": nil])),
            try await data.call(LabelsSet(id: id, labels: [:], outcome: .unsure)),
        ]
        for result in results {
            #expect(result.split == nil)
            #expect(result.labeledAt == nil)
        }
        #expect(try await data.column("split", of: id) == .null)
    }

    @Test func nullErasesALabel() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 1, "biopsy_tool": 0]))
        #expect(try await data.call(LabelsSet(id: id, labels: ["mag_view": nil])).labeledAt != nil)
        #expect(try await data.column("has_mag_view", of: id) == .null)
        #expect(try await data.column("has_biopsy_tool", of: id) == .integer(0))
        #expect(try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": nil])).labeledAt == nil)
        #expect(try await data.column("labeled_at", of: id) == .null)
    }

    @Test(arguments: [
        (#"{"id":1,"labels":{"cat":1}}"#, "cat"), (#"{"id":1,"labels":{"mag_view":2}}"#, "mag_view"),
        (#"{"id":1,"labels":{"mag_view":-1}}"#, "mag_view"), (#"{"id":1,"labels":{"mag_view":0.5}}"#, "mag_view"),
        (#"{"id":1,"labels":{"mag_view":"1"}}"#, "mag_view"), (#"{"id":1,"labels":{"mag_view":true}}"#, "mag_view"),
        (#"{"id":1,"labels":{}}"#, "labels"), (#"{"id":1}"#, "labels"),
        (#"{"id":1,"labels":{"mag_view":1},"outcome":"bad"}"#, "outcome"), (#"{"labels":{"mag_view":1}}"#, "id"),
        (#"{"id":1,"labels":{"mag_view":1},"event_id":""}"#, "event_id"),
        (#"{"id":1,"labels":{"mag_view":1},"annotator":"\#(String(repeating: "a", count: 513))"}"#, "annotator"),
    ])
    func badLabelsAreRefusedByName(params: String, name: String) async throws {
        let data = try TestData(.withoutHoldout)
        try await data.insert(["a"])
        guard case .failure(let error) = try await data.answer("labels.set", params) else {
            Issue.record("labels.set took \(params)")
            return
        }
        #expect(error.kind == .invalidParams)
        #expect(error.message.contains(name))
        #expect(try await data.integers("SELECT count(*) FROM label_events") == [0])
    }

    @Test func anUnknownImageIsNotFound() async throws {
        let data = try TestData()
        #expect(try await data.refusal(LabelsSet(id: 9, labels: ["mag_view": 1]))?.kind == .notFound)
        #expect(try await data.refusal(LabelsSkip(id: 9))?.kind == .notFound)
        #expect(try await data.refusal(LabelsUndo(id: 9))?.kind == .notFound)
    }

    @Test func aHeldOutImageIsNotLabeled() async throws {
        var settings = LabelSettings.standard
        settings.holdoutPercent = 100
        let data = try TestData(settings)
        let id = try await data.insert(["a"])[0]
        for error in [
            try await data.refusal(LabelsSet(id: id, labels: ["mag_view": 1])),
            try await data.refusal(LabelsSkip(id: id)),
        ] {
            #expect(error?.kind == "holdout_lease_required")
            #expect(error?.isFinal == true)
        }
        #expect(try await data.column("has_mag_view", of: id) == .null)
        #expect(try await data.call(LabelsStats()).splits.test == 1)
    }

    // MARK: Skips and outcomes

    @Test func aSkipStaysUntilALabelIsSet() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        try await data.call(LabelsSkip(id: id))
        #expect(try await data.column("skipped_at IS NULL", of: id) == .integer(0))
        #expect(try await data.column("split", of: id) == .null)
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 1]))
        #expect(try await data.column("skipped_at", of: id) == .null)
    }

    @Test(arguments: [LabelsSet.Outcome.unsure, .unusable])
    func anOutcomeTakesTheImageOutOfThePoolUntilItIsLabeled(outcome: LabelsSet.Outcome) async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        try await data.call(LabelsSet(id: id, labels: [:], outcome: outcome))
        #expect(try await data.column("outcome", of: id) == .text(outcome.rawValue))
        #expect(try await data.call(LabelsNext()).images == [])
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 1]))
        #expect(try await data.column("outcome", of: id) == .null)
    }

    // MARK: Events

    @Test func anEventIsAppliedOnceAndAnsweredAlike() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        let set = LabelsSet(id: id, labels: ["mag_view": 1], eventID: "e1")
        let first = try await data.outcome(set)
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 0]))
        #expect(try await data.outcome(set) == first)
        #expect(try await data.column("has_mag_view", of: id) == .integer(0))
        let undo = LabelsUndo(id: id, eventID: "e2")
        let undone = try await data.outcome(undo)
        #expect(try await data.outcome(undo) == undone)
        #expect(try await data.column("has_mag_view", of: id) == .integer(1))
        let skip = LabelsSkip(id: id, eventID: "e3")
        try await data.call(skip)
        try await data.call(skip)
        #expect(try await data.integers("SELECT count(*) FROM label_events") == [4])
    }

    @Test func anEventOfAnotherKindDoesNotPassForThisOne() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert(["a", "b"])
        try await data.call(LabelsSkip(id: ids[0], eventID: "e"))
        let set = LabelsSet(id: ids[1], labels: ["mag_view": 1], eventID: "e")
        #expect(try await data.refusal(set)?.kind == "event_id_reused")
        #expect(try await data.refusal(LabelsUndo(id: ids[0], eventID: "e"))?.kind == "event_id_reused")
        try await data.call(LabelsSet(id: ids[1], labels: ["mag_view": 1], eventID: "f"))
        #expect(try await data.refusal(LabelsSkip(id: ids[1], eventID: "f"))?.kind == "event_id_reused")
        for set in [
            LabelsSet(id: ids[0], labels: ["mag_view": 1], eventID: "f"),
            LabelsSet(id: ids[1], labels: ["mag_view": 1], annotator: "ann", eventID: "f"),
        ] {
            #expect(try await data.refusal(set)?.kind == "event_id_reused")
        }
    }

    @Test func everyEventIsRecordedWithWhoWhenAndWhatBefore() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 1], annotator: "ann"))
        try await data.call(LabelsSkip(id: id, annotator: "ben"))
        try await data.call(LabelsUndo(annotator: "ben"))
        #expect(
            try await data.strings("SELECT kind || ' ' || annotator || ' ' || image_id FROM label_events ORDER BY id")
                == ["set ann \(id)", "skip ben \(id)", "undo ben \(id)"]
        )
        #expect(
            try await data.strings(
                "SELECT json_extract(before, '$.labels.mag_view') || '/' || json_extract(after, '$.labels.mag_view') FROM label_events ORDER BY id"
            ) == [nil, "1/1", "1/1"]
        )
        #expect(try await data.integers("SELECT count(*) FROM label_events WHERE at LIKE '____-__-__T%Z'") == [3])
    }

    // MARK: Undo

    @Test func undoGoesBackAsFarAsOneLikes() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<5).map { "image \($0)" })
        for round in 0..<4 {
            for id in ids {
                try await data.call(LabelsSet(id: id, labels: ["mag_view": round % 2], annotator: "ann"))
            }
        }
        for round in (0..<4).reversed() {
            for id in ids.reversed() {
                let result = try await data.call(LabelsUndo(annotator: "ann"))
                #expect(result.id == id)
                #expect(result.labels == ["biopsy_tool": nil, "mag_view": round == 0 ? nil : (round - 1) % 2])
            }
        }
        #expect(try await data.refusal(LabelsUndo(annotator: "ann"))?.kind == .notFound)
        #expect(try await data.integers("SELECT count(*) FROM labels WHERE labeled_at IS NOT NULL") == [0])
        #expect(try await data.counters() == data.recount())
    }

    @Test func undoTakesBackAnnotatorsOwnWorkOnly() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert(["a", "b"])
        try await data.call(LabelsSet(id: ids[0], labels: ["mag_view": 1], annotator: "ann"))
        try await data.call(LabelsSet(id: ids[1], labels: ["mag_view": 1], annotator: "ben"))
        #expect(try await data.call(LabelsUndo(annotator: "ann")).id == ids[0])
        #expect(try await data.refusal(LabelsUndo(annotator: "ann"))?.kind == .notFound)
        #expect(try await data.column("has_mag_view", of: ids[1]) == .integer(1))
    }

    @Test func undoDoesNotReachBehindTheWorkOfSomebodyElse() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 1], annotator: "ann"))
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 0], annotator: "ben"))
        #expect(try await data.refusal(LabelsUndo(annotator: "ann"))?.kind == "undo_conflict")
        #expect(try await data.column("has_mag_view", of: id) == .integer(0))
        try await data.call(LabelsUndo(annotator: "ben"))
        try await data.call(LabelsUndo(annotator: "ann"))
        #expect(try await data.column("has_mag_view", of: id) == .null)
    }

    @Test func undoingASkipOffersTheImageAgain() async throws {
        let data = try TestData(.withoutHoldout)
        let id = try await data.insert(["a"])[0]
        try await data.call(LabelsSkip(id: id, annotator: "ann"))
        #expect(try await data.call(LabelsNext()).images == [])
        try await data.call(LabelsUndo(annotator: "ann"))
        #expect(try await data.call(LabelsNext()).images.map(\.id) == [id])
    }

    // MARK: Counters

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theCountersAreTheCountsAfterAnyOperations(seed: UInt64) async throws {
        let data = try TestData()
        var generator = SeededGenerator(seed: seed)
        var ids = try await data.insert((0..<40).map { "image \(seed) \($0)" })
        for step in 0..<300 {
            let id = try #require(ids.randomElement(using: &generator))
            let name = try #require(Self.both.randomElement(using: &generator))
            let value = [0, 1, nil].randomElement(using: &generator) ?? nil
            let annotator = Bool.random(using: &generator) ? "ann" : "ben"
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: ids += try await data.insert(["new \(seed) \(step)", "image \(seed) 0"])
            case 1, 2: _ = try await data.outcome(LabelsUndo(annotator: annotator))
            case 3: _ = try await data.outcome(LabelsUndo(id: id))
            case 4: _ = try await data.outcome(LabelsSkip(id: id, annotator: annotator))
            case 5: _ = try await data.outcome(LabelsSet(id: id, labels: [:], outcome: .unsure, annotator: annotator))
            default: _ = try await data.outcome(LabelsSet(id: id, labels: [name: value], annotator: annotator))
            }
        }
        let stats = try await data.counters()
        #expect(stats == (try await data.recount()))
        #expect(stats.splits.train > 0 && stats.splits.test > 0)
    }
}
