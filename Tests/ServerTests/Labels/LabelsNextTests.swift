import Testing
import Wire

@testable import Server

struct LabelsNextTests {
    private func ids(_ data: TestData, _ next: LabelsNext) async throws -> [Int64] {
        try await data.call(next).images.map(\.id)
    }

    /// Sets confidences, and so what is uncertain.
    private func predict(_ data: TestData, _ confidences: [Int64: Double], column: String = "confidence_biopsy") throws
    {
        for (id, confidence) in confidences {
            try data.change("UPDATE labels SET \(column) = ? WHERE id = ?", .real(confidence), .integer(id))
        }
    }

    @Test func anImageComesWithWhatIsNeededToShowIt() async throws {
        let data = try TestData(.withoutHoldout)
        let pixels = try Steps.frame(1, shape: [4, 4])
        let images = [
            ImagesInsert.Image(filename: "a", studyID: "s", frameNumber: 3, image: pixels),
            ImagesInsert.Image(filename: "b"),
        ]
        try await data.call(ImagesInsert(images: images))
        let offered = try await data.call(LabelsNext(limit: 2)).images.sorted { $0.id < $1.id }
        #expect(
            offered == [
                LabelImage(
                    id: 1,
                    filename: "a",
                    studyID: "s",
                    frameNumber: 3,
                    frameRef: "h5://images/uint8_4x4/0",
                    thumbnail: "/thumbnails/1.png"
                ),
                LabelImage(id: 2, filename: "b", studyID: nil, frameNumber: nil, frameRef: nil, thumbnail: nil),
            ]
        )
    }

    @Test func onlyOpenImagesAreOffered() async throws {
        let data = try TestData()
        let names = (0..<100).map { "image \($0)" }
        let ids = try await data.insert(names)
        try await data.call(LabelsSkip(id: ids[0]))
        let open = zip(names, ids).filter { !LabelSettings.standard.isHoldout($0.0) && $0.1 != ids[0] }.map(\.1)
        try await data.call(LabelsSet(id: open[0], labels: ["mag_view": 0]))
        let offered = try await self.ids(data, LabelsNext(limit: 1000))
        #expect(offered.sorted() == Array(open.dropFirst()))
        #expect(Set(offered).count == offered.count)
    }

    @Test func withALabelOnlyThatOneMustBeMissing() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert(["a", "b", "c"])
        try await data.call(LabelsSet(id: ids[0], labels: ["mag_view": 1]))
        try await data.call(LabelsSet(id: ids[1], labels: ["biopsy_tool": 1]))
        #expect(try await self.ids(data, LabelsNext(limit: 9)) == [ids[2]])
        #expect(try await self.ids(data, LabelsNext(limit: 9, label: "mag_view")).sorted() == [ids[1], ids[2]])
        #expect(try await self.ids(data, LabelsNext(limit: 9, label: "biopsy_tool")).sorted() == [ids[0], ids[2]])
    }

    @Test func excludedImagesAreNotOffered() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<10).map { "\($0)" })
        for seed in 0..<20 {
            let next = LabelsNext(limit: 10, seed: Int64(seed), exclude: Array(ids.dropFirst(3)))
            #expect(try await self.ids(data, next).sorted() == Array(ids.prefix(3)))
        }
        #expect(try await data.refusal(LabelsNext(exclude: Array(0...10_000)))?.kind == .invalidParams)
    }

    @Test func twoAnnotatorsNeverGetTheSameImage() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<30).map { "\($0)" })
        let ann = try await self.ids(data, LabelsNext(limit: 20, annotator: "ann"))
        let ben = try await self.ids(data, LabelsNext(limit: 20, annotator: "ben"))
        #expect(ann.count == 20)
        #expect(ben.count == 10)
        #expect((ann + ben).sorted() == ids)
        #expect(try await self.ids(data, LabelsNext(limit: 30, annotator: "ann")).sorted() == ann.sorted())
    }

    @Test func labelingGivesTheLeaseBack() async throws {
        let data = try TestData(.withoutHoldout)
        try await data.insert(["a"])
        let id = try await ids(data, LabelsNext(annotator: "ann"))[0]
        #expect(try await ids(data, LabelsNext(annotator: "ben")) == [])
        try await data.call(LabelsSet(id: id, labels: ["mag_view": 1], annotator: "ann"))
        try await data.call(LabelsUndo(annotator: "ann"))
        #expect(try await ids(data, LabelsNext(annotator: "ben")) == [id])
    }

    @Test func theSameSeedGivesTheSameAnswerOfTheSameState() async throws {
        let data = try TestData(.withoutHoldout)
        let inserted = try await data.insert((0..<300).map { "\($0)" })
        try predict(data, Dictionary(inserted.map { ($0, Double($0 % 5) / 8) }, uniquingKeysWith: { $1 }))
        var answers = Set<[Int64]>()
        for seed in 0..<30 {
            let first = try await ids(data, LabelsNext(limit: 20, seed: Int64(seed)))
            #expect(try await ids(data, LabelsNext(limit: 20, seed: Int64(seed))) == first)
            answers.insert(first)
        }
        #expect(answers.count > 20)
    }

    @Test func theMixIsTenPercentRandomAndTheRestHalfAndHalf() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<102).map { "\($0)" })
        // One image is the most uncertain, one the most confident, a hundred lie between.
        let between = ids.dropFirst(2).map { ($0, 0.7) }
        try predict(data, Dictionary([(ids[0], 0.5), (ids[1], 1.0)] + between, uniquingKeysWith: { $1 }))
        var counts = (uncertain: 0, confident: 0, random: 0)
        let draws = 2000
        for seed in 0..<draws {
            switch try await self.ids(data, LabelsNext(seed: Int64(seed))).first {
            case ids[0]: counts.uncertain += 1
            case ids[1]: counts.confident += 1
            default: counts.random += 1
            }
        }
        // Five standard deviations of binomial counts.
        #expect(abs(Double(counts.uncertain) - 0.451 * Double(draws)) < 111)
        #expect(abs(Double(counts.confident) - 0.451 * Double(draws)) < 111)
        #expect(abs(Double(counts.random) - 0.098 * Double(draws)) < 67)
    }

    @Test(arguments: [0.0, 1.0])
    func theExplorationRateMayBeNoneOrAll(rate: Double) async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<102).map { "\($0)" })
        let between = ids.dropFirst(2).map { ($0, 0.7) }
        try predict(data, Dictionary([(ids[0], 0.5), (ids[1], 1.0)] + between, uniquingKeysWith: { $1 }))
        var others = 0
        for seed in 0..<200 {
            let picked = try await self.ids(data, LabelsNext(explorationRate: rate, seed: Int64(seed)))
            if picked != [ids[0]], picked != [ids[1]] { others += 1 }
        }
        #expect(rate == 0 ? others == 0 : others > 180)
    }

    @Test func theLabelsOwnConfidenceSteers() async throws {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert(["a", "b"])
        try predict(data, [ids[0]: 0.5, ids[1]: 0.9], column: "confidence_biopsy")
        try predict(data, [ids[0]: 0.9, ids[1]: 0.5], column: "confidence_mag")
        for seed in 0..<20 {
            let biopsy = try await self.ids(
                data,
                LabelsNext(limit: 2, label: "biopsy_tool", explorationRate: 0, seed: Int64(seed))
            )
            let mag = try await self.ids(
                data,
                LabelsNext(limit: 2, label: "mag_view", explorationRate: 0, seed: Int64(seed))
            )
            #expect(biopsy == mag.reversed())
        }
    }

    @Test(arguments: [
        #"{"limit":0}"#, #"{"label":"cat"}"#, #"{"strategy":"best"}"#, #"{"exploration_rate":1.1}"#,
        #"{"exploration_rate":-0.1}"#, #"{"exploration_rate":"NaN"}"#, #"{"seed":1.5}"#, #"{"exclude":["a"]}"#,
    ])
    func badParametersAreRefused(params: String) async throws {
        guard case .failure(let error) = try await TestData().answer("labels.next", params) else {
            Issue.record("labels.next took \(params)")
            return
        }
        #expect(error.kind == .invalidParams)
    }

    @Test func anEmptyPoolGivesNothing() async throws {
        #expect(try await ids(TestData(), LabelsNext(limit: 10)) == [])
    }
}
