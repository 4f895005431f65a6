import NIOCore
import Testing
import Wire

@testable import Server

struct VaultTests {
    /// Images by split of the standard settings: the held-out ones and the others.
    private func images(_ data: TestData, count: Int = 200) async throws -> (held: [Int64], others: [Int64]) {
        let names = (0..<count).map { "image \($0)" }
        let pairs = zip(names, try await data.insert(names, studies: names.indices.map { "study \($0 / 4)" }))
        return (
            pairs.filter { LabelSettings.standard.isHoldout($0.0) }.map(\.1),
            pairs.filter { !LabelSettings.standard.isHoldout($0.0) }.map(\.1)
        )
    }

    /// Labels every held-out image, as its annotator.
    private func label(_ data: TestData, _ held: [Int64], _ value: (Int) -> Int) async throws {
        try await data.call(HoldoutNext(limit: 1000, annotator: "ann"))
        for (place, id) in held.enumerated() {
            try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": value(place)], annotator: "ann"))
        }
    }

    @Test func onlyWhoGotAHeldOutImageMayLabelIt() async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        let refusal = try await data.refusal(LabelsSet(id: held[0], labels: ["mag_view": 1], annotator: "ann"))
        #expect(refusal?.kind == "holdout_lease_required")
        let given = try await data.call(HoldoutNext(limit: 1000, annotator: "ann")).images
        #expect(given.map(\.id).sorted() == held)
        #expect(try await data.refusal(LabelsSet(id: held[0], labels: ["mag_view": 1], annotator: "ben")) != nil)
        let set = try await data.call(LabelsSet(id: held[0], labels: ["mag_view": 1], annotator: "ann"))
        #expect(set.split == "test")
    }

    @Test func twoPeopleNeverGetTheSameHeldOutImage() async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        let ann = try await data.call(HoldoutNext(limit: 5, annotator: "ann")).images.map(\.id)
        let ben = try await data.call(HoldoutNext(limit: 1000, annotator: "ben")).images.map(\.id)
        #expect(Set(ann).isDisjoint(with: ben))
        #expect((ann + ben).sorted() == held)
        #expect(try await data.call(LabelsRelease(annotator: "ann")).released == 5)
        #expect(try await data.call(HoldoutNext(limit: 5, annotator: "eve")).images.map(\.id).sorted() == ann.sorted())
    }

    @Test func aJudgedImageIsNotGivenOutAgainButAnUndoneOneIs() async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        try await data.call(HoldoutNext(limit: 1000, annotator: "ann"))
        try await data.call(LabelsSet(id: held[0], labels: ["mag_view": 1], annotator: "ann"))
        #expect(try await data.refusal(LabelsUndo(annotator: "ben", id: held[0]))?.kind == "holdout_lease_required")
        #expect(try await data.call(HoldoutNext(limit: 1000, annotator: "ann")).images.count == held.count - 1)
        try await data.call(LabelsUndo(annotator: "ann"))
        #expect(try await data.call(HoldoutNext(limit: 1000, annotator: "ann")).images.count == held.count)
        #expect(try await data.column("split", of: held[0]) == .text("test"))
    }

    @Test func theListOfHeldOutImagesTellsIdsOnly() async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        var listed: [Int64] = []
        var cursor: String?
        repeat {
            let page = try await data.call(HoldoutImages(limit: 7, cursor: cursor))
            listed += page.images.map(\.id)
            cursor = page.cursor
        } while cursor != nil
        #expect(listed == held)
    }

    @Test func noMethodOfTrainingTellsAHeldOutImage() async throws {
        let data = try TestData()
        let (held, others) = try await images(data)
        try await label(data, held) { $0 % 2 }
        for id in others[..<50] { try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": 1], annotator: "ann")) }
        let both = try await data.call(LabelsTrainVal())
        let ids = (both.train + both.val).map { $0["id"] }
        #expect(ids.count == 50)
        #expect(held.allSatisfy { !ids.contains(.integer($0)) })
        #expect(try await data.call(LabelsList(limit: 1000)).images.count == others.count)
        #expect(try await data.call(SnapshotsCreate()).train + data.call(SnapshotsCreate()).val == 50)
        let told = try await data.call(LabelsGet(id: held[0]))
        #expect(told.isHoldout && told.labels == nil && told.labeledAt == nil)
        let stats = try await data.call(LabelsStats())
        #expect(stats.labels["biopsy_tool"] == LabelsStats.Label(labeled: 50, yes: 50))
        #expect(stats.holdoutLabeled == held.count)
    }

    /// The tables would refuse what a bug in a method let through.
    @Test(arguments: [
        "UPDATE labels SET confidence_biopsy = 0.5 WHERE id = ?",
        "INSERT INTO label_scores (image_id, label, score, scored_at) VALUES (?, 'biopsy_tool', 0.5, '')",
        "INSERT INTO snapshot_images (snapshot_id, image_id, split, labels) VALUES ('s', ?, 'train', '{}')",
    ])
    func theTablesThemselvesKeepHeldOutImagesOut(sql: String) async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        let error = #expect(throws: SQLError.self) { try data.change(sql, .integer(held[0])) }
        #expect(error.map { "\($0)".contains("held-out") || "\($0)".contains("train and val") } == true)
    }

    /// And the methods would withhold what a bug in a query found.
    @Test func aHeldOutRowThatAQueryFindsIsALeakAndWithheld() async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        let labels = data.labels
        let listed = await #expect(throws: WireError.self) { try await labels.page([], [], nil, 1000) }
        let offered = await #expect(throws: WireError.self) {
            try await data.catalog.read { try Labels.image(held[0], $0) }
        }
        #expect(listed?.kind == .holdoutLeak && offered?.kind == .holdoutLeak)
    }

    @Test func anUndoTellsNothingOfWhatAHeldOutImageWas() async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        try await data.call(HoldoutNext(limit: 1000, annotator: "ann"))
        for value in [1, 0] {
            try await data.call(LabelsSet(id: held[0], labels: ["biopsy_tool": value], annotator: "ann"))
        }
        for _ in 0..<2 {
            let undone = try await data.call(LabelsUndo(annotator: "ann"))
            #expect(undone.id == held[0] && undone.labels.isEmpty && undone.changed.isEmpty)
        }
    }

    @Test func anAnswerIsNotRepeatedToWhoMayNotLookIntoTheVault() async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        try await data.call(HoldoutNext(limit: 1000, annotator: "ann"))
        let set = LabelsSet(id: held[0], labels: ["biopsy_tool": 1], annotator: "ann", eventID: "e")
        let (first, again) = (try await data.call(set), try await data.call(set))
        #expect(first.labeledAt == again.labeledAt)
        for access in [Access(roles: [.label]), .general] {
            let error = #expect(throws: WireError.self) {
                try data.catalog.readNow {
                    try LabelEvents.answer(
                        to: "e",
                        .set,
                        image: held[0],
                        annotator: "ann",
                        as: LabelsSet.Result.self,
                        access,
                        $0
                    )
                }
            }
            #expect(error?.kind == .forbidden)
        }
    }

    @Test func anArrayOnBothSidesOfTheHoldoutIsNoticed() async throws {
        let data = try TestData()
        let pixels = try ArrayValue([1, 2, 3, 4] as [UInt8], shape: [2, 2])
        let names = (0..<200).map { "image \($0)" }
        let held = try #require(names.first { LabelSettings.standard.isHoldout($0) })
        try await data.call(ImagesInsert(images: [.init(filename: held, image: pixels)]))
        let ref = try #require(try await data.strings("SELECT frame_ref FROM labels")[0])
        let (across, within) = try data.catalog.readNow {
            (try Vault.crosses(ref, isHoldout: false, $0), try Vault.crosses(ref, isHoldout: true, $0))
        }
        #expect(across && !within)
    }

    @Test func whoMayNotLookIntoTheVaultLearnsNoNameOfAHeldOutImage() async throws {
        let data = try TestData()
        let (held, _) = try await images(data)
        let get = LabelsGet(id: held[0])
        let blind = try await data.labels.get(get, .general)
        #expect(blind.isHoldout && blind.image.filename.isEmpty && blind.image.studyID == nil)
        #expect(try await data.labels.get(get, .holdout).image.filename.isEmpty == false)
        let record = try await data.call(LineageUpstream(recordID: "image:\(held[0])"))
        let name = try #require(
            try await data.strings("SELECT filename FROM labels WHERE id = ?", .integer(held[0]))[0]
        )
        #expect(!String(buffer: try JSONCoding.encode(record)).contains(name))
    }

    // MARK: Evaluation

    private func predictions(_ held: [Int64], _ confidence: (Int) -> Double) -> [HoldoutEvaluate.Prediction] {
        held.enumerated().map { HoldoutEvaluate.Prediction(id: $1, confidence: confidence($0)) }
    }

    @Test func measuresAreThoseOfTheTextbook() async throws {
        let data = try TestData()
        let held = try await images(data).held
        try await label(data, held) { $0 % 2 }
        // Right for all but the first positive and the first negative.
        let result = try await data.call(
            HoldoutEvaluate(
                label: "biopsy_tool",
                predictions: predictions(held) { $0 == 0 ? 0.9 : $0 == 1 ? 0.2 : $0 % 2 == 1 ? 0.8 : 0.1 },
                reason: "first model"
            )
        )
        let positives = held.count / 2
        let negatives = held.count - positives
        #expect(result.n == held.count)
        #expect(result.positives == positives)
        #expect(abs(result.accuracy - Double(held.count - 2) / Double(held.count)) < 1e-12)
        #expect(abs((result.precision ?? 0) - Double(positives - 1) / Double(positives)) < 1e-12)
        #expect(abs((result.recall ?? 0) - Double(positives - 1) / Double(positives)) < 1e-12)
        // Pairs that are in order: each positive of 0.8 beats all but the 0.9, the one of 0.2 beats those of 0.1.
        let ordered = Double((positives - 1) * (negatives - 1) + (negatives - 1))
        #expect(abs((result.auc ?? 0) - ordered / Double(positives * negatives)) < 1e-12)
        for name in ["accuracy", "precision", "recall", "f1", "auc"] {
            let interval = try #require(result.intervals[name])
            #expect(interval.from <= interval.to && interval.from >= 0 && interval.to <= 1)
        }
        #expect(result.intervals["accuracy"]?.from ?? 1 < result.accuracy)
        #expect(result.look == 1)
    }

    @Test func aScoreOfFewerThanAllLabeledImagesIsRefused() async throws {
        let data = try TestData()
        let (held, others) = try await images(data)
        let all = predictions(held) { _ in 0.5 }
        func refusal(_ predictions: [HoldoutEvaluate.Prediction]) async throws -> WireError.Kind? {
            try await data.refusal(HoldoutEvaluate(label: "biopsy_tool", predictions: predictions, reason: "x"))?.kind
        }
        #expect(try await refusal(all) == "nothing_to_evaluate")
        try await label(data, held) { $0 % 2 }
        #expect(try await refusal(Array(all.dropLast())) == "incomplete_predictions")
        #expect(try await refusal(all + [all[0]]) == .invalidParams)
        #expect(try await refusal(all + [.init(id: others[0], confidence: 0.5)]) == .invalidParams)
        #expect(try await refusal(predictions(held) { _ in .nan }) == .invalidParams)
        #expect(try await data.call(HoldoutLedger()).looks.isEmpty)
    }

    @Test func everyLookIsInTheLedgerForEver() async throws {
        let data = try TestData()
        let held = try await images(data).held
        try await label(data, held) { $0 % 2 }
        for reason in ["first", "second", "third"] {
            try await data.call(
                HoldoutEvaluate(label: "biopsy_tool", predictions: predictions(held) { _ in 0.4 }, reason: reason)
            )
        }
        let page = try await data.call(HoldoutLedger(limit: 2))
        #expect(page.looks.map(\.reason) == ["third", "second"])
        #expect(page.looks.map(\.result.look) == [3, 2])
        #expect(page.remaining == nil)
        let rest = try await data.call(HoldoutLedger(limit: 2, cursor: page.cursor))
        #expect(rest.looks.map(\.reason) == ["first"])
        #expect(rest.looks[0].predictionsSHA256 == page.looks[0].predictionsSHA256)
        for sql in ["DELETE FROM holdout_ledger", "UPDATE holdout_ledger SET reason = 'none'"] {
            #expect(throws: SQLError.self) { try data.change(sql) }
        }
    }

    @Test func aBudgetOfLooksEnds() async throws {
        let data = try TestData(holdoutLooks: 1)
        let held = try await images(data).held
        try await label(data, held) { $0 % 2 }
        let evaluate = HoldoutEvaluate(label: "biopsy_tool", predictions: predictions(held) { _ in 0.4 }, reason: "r")
        try await data.call(evaluate)
        #expect(try await data.call(HoldoutLedger()).remaining == 0)
        #expect(try await data.refusal(evaluate)?.kind == "budget_exhausted")
    }

    @Test func withATokenForTheHoldoutItsMethodsAndImagesNeedIt() async throws {
        let data = try TestData()
        let held = try await images(data).held
        try await data.call(HoldoutNext(limit: 1000, annotator: "ann"))
        try await data.call(LabelsSet(id: held[0], labels: ["mag_view": 1], annotator: "ann"))
        func kind(_ method: some Method) async throws -> WireError.Kind? {
            let request = try TestData.request(method)
            let context = CallContext(
                arrayEncoding: .base64,
                limits: FrameLimits(),
                access: .general,
                earlierWrites: {}
            )
            guard case .failure(let error) = await data.dispatcher.outcome(of: request, context) else { return nil }
            #expect(!error.isFinal)
            return error.kind
        }
        #expect(try await kind(HoldoutImages()) == .forbidden)
        #expect(try await kind(HoldoutNext(annotator: "ann")) == .forbidden)
        #expect(try await kind(HoldoutEvaluate(label: "mag_view", predictions: [], reason: "r")) == .forbidden)
        #expect(try await kind(LabelsSet(id: held[1], labels: ["mag_view": 1], annotator: "ann")) == .forbidden)
        #expect(try await kind(LabelsSkip(id: held[1], annotator: "ann")) == .forbidden)
        #expect(try await kind(LabelsUndo(annotator: "ann")) == .forbidden)
        #expect(try await kind(LabelsRelease(annotator: "ann")) == nil)
        // Her leases are not given back by somebody who only knows her name.
        try await data.call(LabelsSet(id: held[1], labels: ["mag_view": 0], annotator: "ann"))
        #expect(try await kind(HoldoutLedger()) == nil)
    }
}
