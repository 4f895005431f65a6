import Foundation
import NIOCore
import Testing
import Wire

@testable import Server

struct ImagesInsertTests {
    private typealias Image = ImagesInsert.Image

    private static func pixels(_ number: Int, shape: [Int] = [6, 5, 3]) throws -> ArrayValue {
        try Steps.frame(number, shape: shape)
    }

    @Test func anImageIsStoredWithWhatIsKnownOfIt() async throws {
        let data = try TestData()
        let image = Image(filename: "é🧪.png", studyID: "s", frameNumber: 7, thumbnailPath: "t/é.png")
        let result = try await data.call(ImagesInsert(images: [image]))
        #expect(result.inserted == 1)
        #expect(result.duplicates == [])
        let id = try #require(result.ids.first)
        #expect(try await data.column("filename", of: id) == .text("é🧪.png"))
        #expect(try await data.column("study_id", of: id) == .text("s"))
        #expect(try await data.column("frame_number", of: id) == .integer(7))
        #expect(try await data.column("thumbnail_path", of: id) == .text("t/é.png"))
        #expect(try await data.column("frame_ref", of: id) == .null)
    }

    @Test func duplicatesAreSkippedAndCountedAlsoInsideARequest() async throws {
        let data = try TestData()
        let first = try await data.insert(["a"])
        let result = try await data.call(ImagesInsert(images: ["b", "a", "c", "b"].map { Image(filename: $0) }))
        #expect(result.inserted == 2)
        #expect(result.duplicates == ["a", "b"])
        #expect(result.ids[1] == first[0])
        #expect(result.ids[3] == result.ids[0])
        #expect(try await data.call(LabelsStats()).total == 3)
    }

    @Test func aDuplicateWithPixelsLeavesNoHoleInTheFile() async throws {
        let data = try TestData()
        let images = try ["a", "a", "b"].enumerated().map { Image(filename: $1, image: try Self.pixels($0)) }
        let ids = try await data.call(ImagesInsert(images: images)).ids
        #expect(try await data.column("frame_ref", of: ids[0]) == .text("h5://images/uint8_6x5x3/0"))
        #expect(try await data.column("frame_ref", of: ids[2]) == .text("h5://images/uint8_6x5x3/1"))
        let refs = ["h5://images/uint8_6x5x3/0", "h5://images/uint8_6x5x3/1", "h5://images/uint8_6x5x3/2"]
        #expect(try await data.resolve(refs) == [try Self.pixels(0), try Self.pixels(2), nil])
    }

    @Test func namesAreComparedAsBytes() async throws {
        let data = try TestData()
        let result = try await data.call(
            ImagesInsert(images: [Image(filename: "\u{e9}"), Image(filename: "e\u{301}")])
        )
        #expect(result.inserted == 2)
    }

    @Test func eachDtypeAndShapeHasItsDataset() async throws {
        let data = try TestData()
        let images = [
            Image(filename: "a", image: try Self.pixels(1)),
            Image(filename: "b", image: try Self.pixels(2, shape: [4, 4])),
            Image(filename: "c", image: try ArrayValue([Float](repeating: 0.5, count: 6), shape: [2, 3])),
            Image(filename: "d", image: try Self.pixels(3)),
        ]
        for image in images { try await data.call(ImagesInsert(images: [image])) }
        #expect(
            try await data.strings("SELECT frame_ref FROM labels ORDER BY id") == [
                "h5://images/uint8_6x5x3/0", "h5://images/uint8_4x4/0", "h5://images/float32_2x3/0",
                "h5://images/uint8_6x5x3/1",
            ]
        )
        let arrays = try await data.resolve(["h5://images/float32_2x3/0", "h5://images/uint8_6x5x3/1"])
        #expect(arrays == [images[2].image, images[3].image])
    }

    @Test func sizesThatAreNewGoIntoAnotherFileWhenOneHasMany() async throws {
        let first = try TestData()
        var images = try (1...130).map { Image(filename: "\($0)", image: try Self.pixels($0, shape: [$0, 2])) }
        try await first.call(ImagesInsert(images: images))
        try await first.close()
        let second = try TestData(in: first.directory)
        images += try [1, 130, 131].map { Image(filename: "again \($0)", image: try Self.pixels($0, shape: [$0, 2])) }
        try await second.call(ImagesInsert(images: Array(images[130...])))
        let refs = try await second.strings("SELECT frame_ref FROM labels ORDER BY id").compactMap(\.self)
        #expect(
            Array(refs[126...]) == [
                "h5://images/uint8_127x2/0", "h5://images/uint8_128x2/0", "h5://images.2/uint8_129x2/0",
                "h5://images.2/uint8_130x2/0", "h5://images/uint8_1x2/1", "h5://images.2/uint8_130x2/1",
                "h5://images.2/uint8_131x2/0",
            ]
        )
        #expect(try await second.resolve(refs) == images.map(\.image))
        // Together they are the run of images.
        let found = try await second.call(RefsValidate(runID: "images", decode: true))
        #expect(found.checked == 133 && found.missing == [] && found.unreferenced == 0 && found.problems == [])
        #expect(try await second.call(RunsList()).runs == [])
        for method in [RunsStart(runID: "images.2"), RunsStart(runID: "images.3")] {
            #expect(try await second.refusal(method)?.message.contains("reserved") == true)
        }
    }

    @Test func runsOfUsersThatHaveNamesOfFurtherFilesStayTheirs() async throws {
        let data = try TestData()
        // As an older version, which did not reserve the names, let them begin.
        let names = ["images.2", "images.3", "images.007", "images.9223372036854775807"]
        for name in names {
            try await data.call(RunsStart(runID: "r", compression: "gzip-4"))
            let renaming = WriteOperation(stamp: nil) { transaction in
                try transaction.connection.execute("UPDATE runs SET run_id = ? WHERE run_id = 'r'", name)
                return ByteBuffer()
            }
            _ = await data.catalog.writer.perform(renaming)
        }
        try await data.append("images.2", try Steps.of("e", 0..<3))
        try await data.call(RunsDelete(runID: "images.3"))
        var images = try (1...257).map { Image(filename: "\($0)", image: try Self.pixels($0, shape: [$0, 2])) }
        try await data.call(ImagesInsert(images: images))
        images += [Image(filename: "more", image: try Self.pixels(258, shape: [258, 2]))]
        try await data.call(ImagesInsert(images: Array(images[257...])))
        let refs = try await data.strings("SELECT frame_ref FROM labels ORDER BY id").compactMap(\.self)
        #expect(
            [refs[128], refs[256], refs[257]] == [
                "h5://images.4/uint8_129x2/0", "h5://images.5/uint8_257x2/0", "h5://images.5/uint8_258x2/0",
            ]
        )
        #expect(try await data.resolve(refs) == images.map(\.image))
        let listed = try await data.call(RunsList()).runs.map(\.runID)
        #expect(Set(listed) == ["images.2", "images.007", "images.9223372036854775807"])
        #expect(try await data.call(RunsFinish(runID: "images.2", status: .finished)).status == .finished)
        #expect(try await data.refusal(StepsAppend(runID: "images.4", steps: try Steps.of("f", 0..<1))) != nil)
        #expect(try await data.refusal(RunsGet(runID: "images.4"))?.kind == .notFound)
    }

    /// An older copy of the database was put beside array files that had grown since.
    @Test func aFileThatTheDatabaseDoesNotKnowIsLeftAlone() async throws {
        let data = try TestData()
        let unknown = data.arrays.path("images.2")
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: unknown))
        let images = try (1...129).map { Image(filename: "\($0)", image: try Self.pixels($0, shape: [$0, 2])) }
        try await data.call(ImagesInsert(images: images))
        let refs = try await data.strings("SELECT frame_ref FROM labels ORDER BY id").compactMap(\.self)
        #expect(refs.last == "h5://images.3/uint8_129x2/0")
        #expect(try await data.resolve(refs) == images.map(\.image))
        #expect(try Data(contentsOf: URL(fileURLWithPath: unknown)) == Data([1, 2, 3]))
    }

    @Test func pixelsSurviveAReopening() async throws {
        let first = try TestData()
        for index in 0..<3 {
            let image = Image(filename: "\(index)", image: try Self.pixels(index))
            try await first.call(ImagesInsert(images: [image]))
        }
        try await first.close()
        let second = try TestData(in: first.directory)
        try await second.call(ImagesInsert(images: [Image(filename: "3", image: try Self.pixels(3))]))
        let refs = (0..<4).map { "h5://images/uint8_6x5x3/\($0)" }
        #expect(try await second.resolve(refs) == (0..<4).map { try Self.pixels($0) })
    }

    @Test func anImageMayReferToAFrame() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("e", 0..<2))
        let ids = try await data.call(ImagesInsert(images: [Image(filename: "a", frameRef: "h5://run/frames/1")])).ids
        #expect(try await data.column("frame_ref", of: ids[0]) == .text("h5://run/frames/1"))
    }

    @Test(arguments: [
        ("h5://run/frames/2", WireError.Kind.notFound), ("h5://run/frames/1", .notFound),
        ("h5://run/observations/0", .notFound), ("h5://none/frames/0", .notFound),
        ("h5://run/frames/00", .invalidReference), ("run/frames/0", .invalidReference), ("", .invalidReference),
    ])
    func aReferenceThatLeadsNowhereIsRefusedAndStoresNothing(ref: String, kind: WireError.Kind) async throws {
        let data = try TestData()
        // The second step has no frame: its row of the file is a fill row.
        try await data.append("run", try Steps.of("e", 0..<1) + Steps.of("e", 1..<2, withFrames: false))
        let error = try await data.refusal(
            ImagesInsert(images: [Image(filename: "good"), Image(filename: "bad", frameRef: ref)])
        )
        #expect(error?.kind == kind)
        #expect(try await data.call(LabelsStats()).total == 0)
    }

    @Test(arguments: [
        ("frames/0", true), ("observations.a/1", true), ("observations.a/0", false), ("observations.b/1", false),
    ])
    func aReferenceNamesARowThatAStepGaveAnArray(row: String, resolves: Bool) async throws {
        let data = try TestData()
        var steps = try Steps.of("e", 0..<2)
        steps[0].observation = .arrays(["b": try Steps.frame(0)])
        steps[1].observation = .arrays(["a": try Steps.frame(1)])
        try await data.append("run", steps)
        let insert = ImagesInsert(images: [Image(filename: "a", frameRef: "h5://run/\(row)")])
        if resolves {
            #expect(try await data.call(insert).inserted == 1)
        } else {
            #expect(try await data.refusal(insert)?.kind == .notFound)
        }
    }

    @Test(arguments: ["rewards", "observations"])
    func aReferenceToWhatIsNoPictureIsRefused(dataset: String) async throws {
        let data = try TestData()
        var steps = try Steps.of("e", 0..<1)
        steps[0].observation = .array(try ArrayValue([1.0, 2, 3]))
        try await data.append("run", steps)
        let error = try await data.refusal(
            ImagesInsert(images: [Image(filename: "a", frameRef: "h5://run/\(dataset)/0")])
        )
        #expect(error?.kind == .invalidParams)
        #expect(error?.message.contains("h5://run/frames/0") == true)
        #expect(try await data.call(LabelsStats()).total == 0)
    }

    @Test func pixelsAndAReferenceAtOnceAreRefused() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("e", 0..<1))
        let image = Image(filename: "a", image: try Self.pixels(1), frameRef: "h5://run/frames/0")
        let error = try await data.refusal(ImagesInsert(images: [Image(filename: "b"), image]))
        #expect(error?.kind == .invalidParams)
        #expect(error?.message.contains("images[1]") == true)
        #expect(try await data.call(LabelsStats()).total == 0)
    }

    @Test(arguments: ["", "a\0b", String(repeating: "a", count: 4097)])
    func aNameHasBytesNoneOfThemZero(name: String) async throws {
        #expect(try await TestData().refusal(ImagesInsert(images: [Image(filename: name)]))?.kind == .invalidParams)
    }

    @Test(arguments: [[], [5], [2, 3, 4, 1, 1], [0, 3], [3, 0, 3]])
    func aPictureHasTwoToFourDimensionsAndPixels(shape: [Int]) async throws {
        let image = Image(filename: "a", image: try Self.pixels(1, shape: shape))
        let error = try await TestData().refusal(ImagesInsert(images: [image]))
        #expect(error?.kind == .invalidParams)
        #expect(error?.message.contains("images[0]") == true)
    }

    @Test func compressedPixelsAreRefused() async throws {
        let raw = try Self.pixels(1, shape: [1, 4])
        let compressed = try ArrayValue(
            dtype: .uint8,
            shape: [1, 4],
            bytes: raw.bytes,
            rows: CompressedRows(encoding: .lzf, sizes: [4])
        )
        let image = Image(filename: "a", image: compressed)
        #expect(try await TestData().refusal(ImagesInsert(images: [image]))?.kind == .invalidParams)
    }

    // MARK: Splits

    @Test func theHoldoutIsDecidedAtTheInsertionByTheName() async throws {
        let data = try TestData()
        let names = (0..<1000).map { index in
            "img_" + String(repeating: "0", count: 4 - String(index).count) + String(index)
        }
        try await data.insert(names)
        let held = try await data.strings("SELECT filename FROM labels WHERE split = 'test' ORDER BY filename")
        #expect(held.count == 103)
        #expect(held == names.filter(LabelSettings.standard.isHoldout))
        #expect(try await data.call(LabelsStats()).splits == .init(train: 0, val: 0, test: 103, none: 897))
    }

    @Test func splittingByStudyKeepsAStudyOnOneSide() async throws {
        var settings = LabelSettings.standard
        settings.splitBy = .study
        let data = try TestData(settings)
        let studies = (0..<300).map { "study \($0 % 30)" }
        let ids = try await data.insert((0..<300).map { "image \($0)" }, studies: studies)
        for id in ids { _ = try await data.outcome(LabelsSet(id: id, labels: ["mag_view": 1])) }
        let sides = try await data.integers(
            "SELECT count(DISTINCT coalesce(split, 'none')) FROM labels GROUP BY study_id"
        )
        #expect(sides == Array(repeating: 1, count: 30))
        let splits = try await data.strings("SELECT DISTINCT split FROM labels ORDER BY 1")
        #expect(splits == ["test", "train", "val"])
    }

    @Test(arguments: [nil, ""])
    func splittingByStudyDemandsAStudy(study: String?) async throws {
        var settings = LabelSettings.standard
        settings.splitBy = .study
        let images = [Image(filename: "a", studyID: "s"), Image(filename: "b", studyID: study)]
        let error = try await TestData(settings).refusal(ImagesInsert(images: images))
        #expect(error?.kind == .invalidParams)
        #expect(error?.message.contains("study_id") == true)
    }
}
