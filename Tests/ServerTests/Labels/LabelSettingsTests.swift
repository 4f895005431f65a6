import Testing

@testable import Server

struct LabelSettingsTests {
    @Test func theStandardLabelsParse() throws {
        #expect(try LabelSettings.labels("biopsy_tool:biopsy,mag_view:mag") == LabelSettings.standard.labels)
    }

    @Test func aLabelWithoutAShortNameIsItsOwn() throws {
        #expect(try LabelSettings.labels("cat") == [.init(name: "cat", shortName: "cat")])
        #expect(try LabelSettings.labels("a1_:b") == [.init(name: "a1_", shortName: "b")])
    }

    @Test(arguments: [
        "", ",", "a,", ",a", "a:", ":a", "a:b:c", "A", "1a", "_a", "a b", "a-b", "é", "a;DROP TABLE labels", "a,a",
        "a:x,b:x", "a'", String(repeating: "a", count: 41),
    ])
    func otherTextsAreRefused(text: String) {
        #expect(throws: SettingsError.self) { try LabelSettings.labels(text) }
    }

    // MARK: Splits

    @Test(arguments: [("image_001.dcm", 0.4228, 0.6812), ("study_001/img1", 0.2240, 0.9296)])
    func hashesAreThoseOfTheContract(key: String, test: Double, validation: Double) {
        #expect(abs(LabelSettings.standard.hashFraction(key) - test) < 0.00005)
        #expect(abs(LabelSettings.standard.hashFraction("trainval:" + key) - validation) < 0.00005)
    }

    @Test func exactly103OfTheThousandImagesOfTheContractAreHeldOut() {
        let names = (0..<1000).map { index in
            "img_" + String(repeating: "0", count: 4 - String(index).count) + String(index)
        }
        #expect(names.count(where: LabelSettings.standard.isHoldout) == 103)
    }

    @Test func namesAreHashedAsBytes() {
        let (composed, decomposed) = ("\u{e9}.dcm", "e\u{301}.dcm")
        #expect(composed == decomposed)
        let settings = LabelSettings.standard
        #expect(settings.hashFraction(composed) != settings.hashFraction(decomposed))
    }

    @Test func anotherSeedSplitsOtherwise() {
        var other = LabelSettings.standard
        other.seed = 43
        let names = (0..<1000).map { "image \($0)" }
        #expect(names.filter(LabelSettings.standard.isHoldout) != names.filter(other.isHoldout))
    }

    @Test(arguments: [(0.0, 0), (100, 1000)])
    func noneOrAllMayBeHeldOut(percent: Double, count: Int) {
        var settings = LabelSettings.standard
        settings.holdoutPercent = percent
        settings.validationPercent = percent
        let names = (0..<1000).map { "image \($0)" }
        #expect(names.count(where: settings.isHoldout) == count)
        #expect(names.count { settings.trainingSplit($0) == "val" } == count)
    }

    @Test func sharesAreAboutWhatWasAskedFor() {
        let names = (0..<20_000).map { "image \($0)" }
        let settings = LabelSettings.standard
        // Four standard deviations of a binomial count.
        #expect(abs(names.count(where: settings.isHoldout) - 2000) < 170)
        #expect(abs(names.count { settings.trainingSplit($0) == "val" } - 4000) < 227)
    }
}
