import Testing
import Wire

@testable import Server

struct StrategyTests {
    /// A hundred images in ten studies whose confidence for the first label is their place in hundredths.
    private func ladder() async throws -> (data: TestData, ids: [Int64]) {
        let data = try TestData(.withoutHoldout)
        let names = (0..<100).map { "image \($0)" }
        let ids = try await data.insert(names, studies: names.indices.map { "study \($0 / 10)" })
        try await data.predict(ids) { Double($0) / 100 }
        return (data, ids)
    }

    private func ranks(_ data: TestData, _ ids: [Int64], _ next: LabelsNext) async throws -> [Int] {
        try await data.call(next).images.compactMap { image in ids.firstIndex(of: image.id) }
    }

    @Test func huntGivesPredictedPositivesTheSurestFirst() async throws {
        let (data, ids) = try await ladder()
        #expect(try await ranks(data, ids, LabelsNext(limit: 5, strategy: "hunt")) == [99, 98, 97, 96, 95])
    }

    @Test func uncertainGivesTheUndecidedFirst() async throws {
        let (data, ids) = try await ladder()
        let ranks = try await ranks(data, ids, LabelsNext(limit: 3, strategy: "uncertain"))
        #expect(ranks[0] == 50)
        #expect(Set(ranks) == [49, 50, 51])
    }

    @Test func surpriseTakesTheSurestOfBothSidesFromDifferentStudies() async throws {
        let (data, ids) = try await ladder()
        let ranks = try await ranks(data, ids, LabelsNext(limit: 6, strategy: "surprise"))
        #expect(ranks.contains(99) && ranks.contains(0))
        #expect(Set(ranks.map { $0 / 10 }).count == 6, "\(ranks)")
    }

    @Test func imagesThatAreAskedForOneByOneAreSpreadAsWell() async throws {
        let (data, ids) = try await ladder()
        for strategy in ["surprise", "diverse"] {
            var given: [Int64] = []
            for seed in 0..<8 as Range<Int64> {
                let next = LabelsNext(limit: 1, strategy: strategy, seed: seed, exclude: given)
                given += try await data.call(next).images.map(\.id)
            }
            let ranks = given.compactMap { ids.firstIndex(of: $0) }
            let most = Dictionary(grouping: ranks) { $0 / 10 }.values.map(\.count).max()
            #expect(ranks.count == 8 && most ?? 0 <= (strategy == "surprise" ? 1 : 2), "\(strategy): \(ranks)")
            guard strategy == "surprise" else { continue }
            #expect(ranks.contains(99) && ranks.contains(0), "\(ranks)")
        }
    }

    @Test func diverseTakesAtMostTwoOfAStudyAndNoNearDuplicates() async throws {
        let data = try TestData(.withoutHoldout)
        // Ten pictures, each in four copies that differ in one pixel by one level.
        var images: [ImagesInsert.Image] = []
        for picture in 0..<10 {
            for copy in 0..<4 {
                images.append(
                    ImagesInsert.Image(
                        filename: "\(picture)-\(copy)",
                        studyID: "study \(copy)",
                        image: try Self.picture(UInt64(picture), nudged: copy)
                    )
                )
            }
        }
        try await data.call(ImagesInsert(images: images))
        for seed in 0..<5 as Range<Int64> {
            let chosen = try await data.call(LabelsNext(limit: 8, strategy: "diverse", seed: seed)).images
            #expect(chosen.count == 8)
            #expect(Set(chosen.map { $0.filename.prefix(1) }).count == 8, "\(chosen.map(\.filename))")
            #expect(Dictionary(grouping: chosen, by: \.studyID).values.allSatisfy { $0.count <= 2 })
        }
        // What looks like a labeled picture waits as well, as long as there are others.
        let first = try await data.integers("SELECT id FROM labels WHERE filename LIKE '0-0'")[0]
        try await data.call(LabelsSet(id: first ?? 0, labels: ["biopsy_tool": 1]))
        let chosen = try await data.call(LabelsNext(limit: 8, strategy: "diverse", seed: 9)).images
        #expect(!chosen.contains { $0.filename.hasPrefix("0-") }, "\(chosen.map(\.filename))")
    }

    @Test func balancedMixesItsPartsAndAsksAgainAboutFewLabeledOnes() async throws {
        let (data, ids) = try await ladder()
        for id in ids[20..<30] { try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": 0], annotator: "ann")) }
        for seed in 0..<40 as Range<Int64> {
            let next = LabelsNext(limit: 20, label: "biopsy_tool", strategy: "balanced", seed: seed, annotator: "ben")
            let images = try await data.call(next).images
            #expect(images.count == 20)
            #expect(Set(images.map(\.id)).count == 20)
            for image in images {
                #expect((image.opinion ?? false) == ids[20..<30].contains(image.id))
            }
        }
        // The records are queued before the answers, so they are there once a later write is.
        try await data.call(LabelsRelease(annotator: "ben"))
        let served = try await data.call(LabelsStats()).strategies.reduce(into: [:]) { $0[$1.branch] = $1.served }
        #expect(Set(served.keys) == ["random", "uncertain", "hunt", "surprise", "recheck"])
        for (branch, share) in ["random": 0.1, "uncertain": 0.5, "hunt": 0.25, "surprise": 0.1, "recheck": 0.05] {
            let found = Double(served[branch] ?? 0) / 800
            #expect(abs(found - share) < 0.05, "\(branch): \(found)")
        }
    }

    @Test func doubleAsksForASecondOpinionOfSomebodyElse() async throws {
        let (data, ids) = try await ladder()
        for id in ids[..<5] { try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": 1], annotator: "ann")) }
        let double = { LabelsNext(limit: 10, label: "biopsy_tool", strategy: "double", annotator: $0) }
        #expect(try await data.call(double("ann")).images == [])
        let offered = try await data.call(double("ben")).images
        #expect(offered.map(\.id).sorted() == ids[..<5].sorted())
        #expect(offered.allSatisfy { $0.opinion == true })
        let second = LabelsSet(id: ids[0], labels: ["biopsy_tool": 1], annotator: "ben", opinion: true)
        try await data.call(second)
        try await data.call(LabelsRelease(annotator: "ben"))
        #expect(try await data.call(double("eve")).images.map(\.id).sorted() == ids[1..<5].sorted())
    }

    @Test func everyServeIsRecordedWithItsChance() async throws {
        let (data, _) = try await ladder()
        try await data.call(LabelsNext(limit: 4, strategy: "random", annotator: "ann"))
        try await data.call(LabelsNext(limit: 1, strategy: "mixed", annotator: "ben"))
        // The records are queued before the answer, so they are there once a later write is.
        try await data.call(LabelsRelease(annotator: "ann"))
        let rows = try await data.strings(
            """
            SELECT annotator || ' ' || strategy || ' ' || pool_size || ' ' || round(propensity, 3) FROM label_serves
            WHERE strategy = 'random'
            """
        )
        #expect(rows == Array(repeating: "ann random 100 0.04", count: 4))
        let chance = try await data.strings("SELECT propensity FROM label_serves WHERE strategy = 'mixed'")
        #expect(chance.count == 1)
        let value = try #require(chance.first.flatMap { $0 }.flatMap(Double.init))
        #expect(value > 0 && value <= 0.45)
    }

    @Test func whatAStrategyBroughtIsCounted() async throws {
        let (data, ids) = try await ladder()
        let hunted = try await data.call(LabelsNext(limit: 3, label: "biopsy_tool", strategy: "hunt", annotator: "ann"))
        for (image, value) in zip(hunted.images, [1, 1, 0]) {
            try await data.call(LabelsSet(id: image.id, labels: ["biopsy_tool": value], annotator: "ann"))
        }
        #expect(hunted.images.map(\.id) == [ids[99], ids[98], ids[97]])
        let yield = try await data.call(LabelsStats()).strategies
        #expect(
            yield == [
                LabelsStats.Strategy(
                    label: "biopsy_tool",
                    strategy: "hunt",
                    branch: "hunt",
                    served: 3,
                    labeled: 3,
                    positives: 2,
                    surprises: 1
                )
            ]
        )
        try await data.call(LabelsUndo(annotator: "ann"))
        let after = try await data.call(LabelsStats()).strategies[0]
        #expect([after.labeled, after.positives, after.surprises] == [2, 2, 0])
    }

    @Test func anUnknownStrategyIsRefusedWithThoseThereAre() async throws {
        let error = try await TestData().refusal(LabelsNext(strategy: "best"))
        #expect(error?.kind == .invalidParams)
        #expect(error?.message.contains("balanced") == true)
    }

    /// Random gray squares, with one pixel a level brighter.
    private static func picture(_ seed: UInt64, nudged: Int) throws -> ArrayValue {
        var generator = SeededGenerator(seed: seed)
        let cells = (0..<64).map { _ in UInt8.random(in: 0...254, using: &generator) }
        var pixels: [UInt8] = []
        for row in 0..<48 {
            for column in 0..<48 { pixels.append(cells[row / 6 * 8 + column / 6]) }
        }
        pixels[nudged] += 1
        return try ArrayValue(pixels, shape: [48, 48])
    }
}

extension TestData {
    /// Sets the first label's confidence by an image's place.
    func predict(_ ids: [Int64], _ confidence: (Int) -> Double) async throws {
        let predictions = ids.enumerated().map { place, id in
            LabelsUpdatePredictions.Prediction(id: id, confidence: ["biopsy_tool": confidence(place)])
        }
        try await call(LabelsUpdatePredictions(predictions))
    }
}
