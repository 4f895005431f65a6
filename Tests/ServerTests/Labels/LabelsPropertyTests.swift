import Foundation
import NIOCore
import Testing
import Wire

@testable import Server

/// Random operations, and after them what must always hold: no study on both sides of the hold-out, no held-out image out
/// of any method of training, counters that are the counts.
///
/// `HOLDFAST_TEST_OPERATIONS` says how many operations in all; a million take a quarter of an hour.
struct LabelsPropertyTests {
    private static let operations =
        ProcessInfo.processInfo.environment["HOLDFAST_TEST_OPERATIONS"].flatMap { Int($0) } ?? 6000
    /// More cost more each, since whole tables are read after some of them.
    private static let operationsOfADatabase = 500
    private static let annotators = ["ann", "ben", "eve"]
    private static let labels = ["biopsy_tool", "mag_view"]

    private static var byStudy: LabelSettings {
        var settings = LabelSettings.standard
        settings.splitBy = .study
        return settings
    }

    @Test(arguments: [LabelSettings.SplitKey.study, .filename], [1, 2] as [UInt64])
    func whateverIsDoneTheHoldoutHolds(splitBy: LabelSettings.SplitKey, seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        var rest = Self.operations / 4
        var heldOut: Int64 = 0
        while rest > 0 {
            heldOut += try await check(splitBy, operations: min(rest, Self.operationsOfADatabase), &generator)
            rest -= Self.operationsOfADatabase
        }
        #expect(heldOut > 0)
    }

    /// Random operations on a database of its own; says how many images were held out.
    private func check(
        _ splitBy: LabelSettings.SplitKey,
        operations: Int,
        _ generator: inout SeededGenerator
    ) async throws -> Int64 {
        let data = try TestData(splitBy == .study ? Self.byStudy : .standard)
        var ids: [Int64] = try await insert(data, 60, &generator)
        for _ in 0..<operations {
            let id = try #require(ids.randomElement(using: &generator))
            let annotator = try #require(Self.annotators.randomElement(using: &generator))
            switch Int.random(in: 0..<20, using: &generator) {
            case 0: ids += try await insert(data, 3, &generator)
            case 1: _ = try await data.outcome(LabelsUndo(annotator: annotator))
            case 2: _ = try await data.outcome(LabelsUndo(id: id))
            case 3: _ = try await data.outcome(LabelsSkip(id: id, annotator: annotator))
            case 4, 5: _ = try await data.outcome(predictions(ids, &generator))
            case 6: _ = try await data.outcome(LabelsUpdateScores([.init(id: id, confidence: ["mag_view": 0.3])]))
            case 7, 8: try await checkNext(data, annotator, &generator)
            case 9: try await data.call(HoldoutNext(limit: 3, annotator: annotator))
            case 10: try await checkTraining(data)
            case 11: _ = try await data.call(SnapshotsCreate())
            case 12: try await checkExport(data)
            default:
                let name = try #require(Self.labels.randomElement(using: &generator))
                let value = [0, 1, 1, nil].randomElement(using: &generator) ?? nil
                let isOpinion = Bool.random(using: &generator)
                let set = LabelsSet(id: id, labels: [name: value], annotator: annotator, opinion: isOpinion)
                _ = try await data.outcome(set)
            }
        }
        try await checkTraining(data)
        #expect(try await data.counters() == data.recount())
        if splitBy == .study { #expect(try await data.call(LabelsStats()).straddlingStudies == 0) }
        let wrong = try await data.integers(
            """
            SELECT (SELECT count(*) FROM label_scores JOIN labels ON id = image_id WHERE split = 'test')
            + (SELECT count(*) FROM snapshot_images JOIN labels ON id = image_id WHERE labels.split = 'test')
            + (SELECT count(*) FROM label_opinions JOIN labels ON id = image_id WHERE split = 'test')
            + (SELECT count(*) FROM labels WHERE split = 'test' AND coalesce(confidence_biopsy, confidence_mag) IS NOT NULL)
            """
        )
        #expect(wrong == [0])
        return try await data.integers("SELECT count(*) FROM labels WHERE split = 'test'")[0] ?? 0
    }

    private func insert(_ data: TestData, _ count: Int, _ generator: inout SeededGenerator) async throws -> [Int64] {
        let names = (0..<count).map { _ in "image \(Int.random(in: 0..<100_000, using: &generator))" }
        let studies = names.map { _ in "study \(Int.random(in: 0..<40, using: &generator))" }
        return try await data.insert(names, studies: studies)
    }

    private func predictions(_ ids: [Int64], _ generator: inout SeededGenerator) -> LabelsUpdatePredictions {
        LabelsUpdatePredictions(
            (0..<5).compactMap { _ in ids.randomElement(using: &generator) }.map { id in
                let confidence = Double(Int.random(in: 0...8, using: &generator)) / 8
                return .init(id: id, confidence: ["biopsy_tool": confidence])
            }
        )
    }

    private func checkNext(_ data: TestData, _ annotator: String, _ generator: inout SeededGenerator) async throws {
        let strategy = try #require(Strategy.allCases.randomElement(using: &generator))
        let label = Self.labels.randomElement(using: &generator)
        let images = try await data.call(
            LabelsNext(limit: 4, label: label, strategy: strategy.rawValue, annotator: annotator)
        ).images
        for image in images { #expect(try await data.column("split", of: image.id) != .text("test")) }
    }

    private func checkTraining(_ data: TestData) async throws {
        let both = try await data.call(LabelsTrainVal(limit: 10_000))
        #expect(both.train.allSatisfy { $0["split"] == .string("train") })
        #expect(both.val.allSatisfy { $0["split"] == .string("val") })
        let list = try await data.call(LabelsList(limit: 1000)).images
        #expect(list.allSatisfy { $0["split"] != .string("test") })
    }

    /// An export has every image that is not held out, and no other.
    private func checkExport(_ data: TestData) async throws {
        let settings = data.labels.settings
        let (exported, kept) = try await data.catalog.read { connection in
            var export = LabelExport(.jsonl, onlyLabeled: false, settings)
            var exported: [JSONValue?] = []
            while let piece = try export.next(connection) {
                for line in String(buffer: piece).split(separator: "\n") {
                    let row = try JSONCoding.decode([String: JSONValue].self, from: ByteBuffer(string: String(line)))
                    exported.append(row["id"])
                }
            }
            let sql = "SELECT id FROM labels WHERE split IS NOT 'test' ORDER BY id"
            let kept: [JSONValue?] = try connection.rows(sql) { .integer($0.integer(0)) }
            return (exported, kept)
        }
        #expect(exported == kept)
    }

    // MARK: Against the rules as they are written

    /// 100 000 names, split by the contract's formula in other words.
    @Test func splitsAreThoseOfTheFormulaBitForBit() {
        let settings = LabelSettings.standard
        var generator = SeededGenerator(seed: 7)
        var counts = (test: 0, val: 0)
        for index in 0..<100_000 {
            let name =
                switch index % 4 {
                case 0: "img_\(index)"
                case 1: "study_\(index / 7)/übung \(index).dcm"
                case 2: String(UInt64.random(in: 0 ... .max, using: &generator), radix: 36)
                default: "🧪/\(index)\u{301}"
                }
            let isTest = Self.fraction(of: "42:\(name)") < 0.10
            let isVal = Self.fraction(of: "42:trainval:\(name)") < 0.20
            if settings.isHoldout(name) != isTest || settings.trainingSplit(name) != (isVal ? "val" : "train") {
                Issue.record("\(name) is split otherwise")
            }
            counts.test += isTest ? 1 : 0
            counts.val += isVal ? 1 : 0
        }
        #expect(abs(counts.test - 10_000) < 400)
        #expect(abs(counts.val - 20_000) < 600)
    }

    /// SHA-256 by FIPS 180-4, its first 32 bits as a fraction of 0xFFFFFFFF.
    private static func fraction(of text: String) -> Double { Double(sha256Head(Array(text.utf8))) / 4_294_967_295 }

    private static let roundConstants: [UInt32] = primes(64).map { fractionBits(of: cbrt(Double($0))) }
    private static let startValues: [UInt32] = primes(8).map { fractionBits(of: Double($0).squareRoot()) }

    private static func primes(_ count: Int) -> [Int] {
        Array((2...).lazy.filter { number in !(2..<number).contains { number.isMultiple(of: $0) } }.prefix(count))
    }

    private static func fractionBits(of value: Double) -> UInt32 {
        UInt32((value - value.rounded(.down)) * 4_294_967_296)
    }

    private static func sha256Head(_ message: [UInt8]) -> UInt32 {
        var bytes = message + [0x80]
        while bytes.count % 64 != 56 { bytes.append(0) }
        bytes += (0..<8).reversed().map { UInt8(truncatingIfNeeded: (message.count * 8) >> (8 * $0)) }
        var hash = startValues
        for block in stride(from: 0, to: bytes.count, by: 64) {
            var words = (0..<16).map { word in
                (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[block + 4 * word + $1]) }
            }
            func rotate(_ value: UInt32, _ count: UInt32) -> UInt32 { value >> count | value << (32 - count) }
            for index in 16..<64 {
                let (early, late) = (words[index - 15], words[index - 2])
                let first = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3
                let second = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10
                words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
            }
            var s = hash
            for index in 0..<64 {
                let sum1 = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)
                let choice = s[4] & s[5] ^ ~s[4] & s[6]
                let first = s[7] &+ sum1 &+ choice &+ roundConstants[index] &+ words[index]
                let sum0 = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)
                let majority = s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]
                s = [first &+ sum0 &+ majority, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
            }
            hash = zip(hash, s).map { $0 &+ $1 }
        }
        return hash[0]
    }
}
