import HTTPTypes
import NIOCore
import Testing
import Wire

@testable import Server

struct LabelExportTests {
    /// More images than a piece has, with a name that each format must quote, all held out but the ones asked about.
    private func labeled() async throws -> TestData {
        let data = try TestData()
        let ids = try await data.insert((0..<2300).map { "image \($0), \"a\"" })
        let open = try await data.integers("SELECT id FROM labels WHERE split IS NULL ORDER BY id").compactMap { $0 }
        #expect(open.count < ids.count)
        for (place, id) in open.prefix(5).enumerated() {
            try await data.call(LabelsSet(id: id, labels: ["biopsy_tool": place % 2]))
        }
        return data
    }

    @Test(arguments: [("csv", "text/csv; charset=utf-8"), ("jsonl", "application/jsonl"), ("coco", "application/json")])
    func aDownloadHasAllImagesThatAreNotHeldOut(format: String, type: String) async throws {
        let data = try await labeled()
        let answer = try await RouterHarness(data).send(.get, "/exports/labels?format=\(format)")
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == type)
        #expect(answer.headers[.contentDisposition]?.hasPrefix("attachment; filename=\"labels.") == true)
        let snapshot = try await data.call(SnapshotsCreate()).snapshotID
        #expect(answer.body.contains(snapshot))
        let open = try await data.strings("SELECT filename FROM labels WHERE split IS NOT 'test' ORDER BY id")
        let quote = format == "csv" ? "\"\"" : "\\\""
        let names = open.compactMap { $0?.split(separator: "\"").first }.map { "\"\($0)\(quote)a\(quote)\"" }
        #expect(answer.body.split(separator: "image ").count == open.count + 1)
        #expect(names.allSatisfy(answer.body.contains))
    }

    @Test func aFileIsWholeJSON() async throws {
        let data = try await labeled()
        let door = RouterHarness(data)
        let coco = try await door.send(.get, "/exports/labels?format=coco&labeled=1").body
        guard case .object(let members) = try JSONCoding.decode(JSONValue.self, from: ByteBuffer(string: coco)),
            case .array(let images)? = members["images"], case .array(let annotations)? = members["annotations"]
        else {
            Issue.record("\(coco.prefix(200)) is no COCO file")
            return
        }
        #expect(images.count == 5)
        #expect(annotations.count == 5)
        let lines = try await door.send(.get, "/exports/labels?format=jsonl&labeled=1").body.split(separator: "\n")
        #expect(lines.count == 5)
        for line in lines { _ = try JSONCoding.decode(JSONValue.self, from: ByteBuffer(string: String(line))) }
    }

    @Test(arguments: ["format=xml", "labeled=yes"])
    func whatIsNotAskedForProperlyIsRefused(query: String) async throws {
        let answer = try await RouterHarness(TestData()).send(.get, "/exports/labels?\(query)")
        #expect(answer.status == .badRequest)
        #expect(try answer.error().kind == "invalid_params")
    }

    @Test func aDownloadNeedsTheToken() async throws {
        let answer = try await RouterHarness(TestData(), token: "open-sesame").send(.get, "/exports/labels")
        #expect(answer.status == .unauthorized)
    }

    @Test func aSnapshotStaysAsItWasUntilItIsGivenUp() async throws {
        let data = try TestData(.withoutHoldout)
        try await data.insert(["a"])
        let snapshot = try data.catalog.snapshot()
        try await data.insert(["b"])
        let count: @Sendable (Connection) throws -> Int? = { try $0.first("SELECT count(*) FROM labels") { $0.int(0) } }
        #expect(try await snapshot.read(count) == 1)
        snapshot.close()
        await #expect(throws: WireError.self) { try await snapshot.read(count) }
    }

    @Test func onlySoManySnapshotsAreOpenAtOnce() async throws {
        let data = try TestData()
        var open: [CatalogSnapshot] = []
        let error = #expect(throws: WireError.self) {
            while open.count < 100 { open.append(try data.catalog.snapshot()) }
        }
        #expect(error?.kind == .overloaded)
        open.removeLast()
        _ = try data.catalog.snapshot()
    }
}
