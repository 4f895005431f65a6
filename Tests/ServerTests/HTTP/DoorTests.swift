import Foundation
import HTTPTypes
import NIOCore
import Testing
import Wire

@testable import Server

/// What the HTTP door serves: methods, pictures, files, errors of one shape.
struct DoorTests {
    // MARK: Methods

    @Test func aMethodIsAnsweredWithItsResult() async throws {
        let door = RouterHarness(try TestData())
        let answer = try await door.rpc(#"{"jsonrpc":"2.0","id":"x","method":"runs.start","params":{"run_id":"a"}}"#)
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(answer.body == #"{"jsonrpc":"2.0","id":"x","result":{"resumed":false,"run_id":"a"}}"#)
    }

    @Test(arguments: [
        (#"{"jsonrpc":"2.0","id":1,"method":"runs.get","params":{"run_id":"a"}}"#, -32000, "not_found"),
        (#"{"jsonrpc":"2.0","id":1,"method":"runs.get","params":{}}"#, -32602, "invalid_params"),
        (#"{"jsonrpc":"2.0","id":1,"method":"nothing"}"#, -32601, "method_not_found"),
        (#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1}}"#, -32602, "invalid_params"),
        (#"{"jsonrpc":"2.0","method":"runs.start","params":{"run_id":"a"}}"#, -32600, "invalid_request"),
        (#"{"jsonrpc":"1.0","id":1,"method":"server.ping"}"#, -32600, "invalid_request"),
        (#"[{"jsonrpc":"2.0","id":1,"method":"server.ping"}]"#, -32600, "invalid_request"),
        ("{", -32700, "parse_error"), ("", -32700, "parse_error"),
    ])
    func anErrorOfAMethodHasStatus200(payload: String, code: Int, kind: String) async throws {
        let data = try TestData()
        let answer = try await RouterHarness(data).rpc(payload)
        #expect(answer.status == .ok)
        let response = try Wire.Response(try Frame(payload: ByteBuffer(string: answer.body)))
        guard case .failure(let error) = response.outcome else {
            Issue.record("\(payload) was not refused")
            return
        }
        #expect(error.code == code)
        #expect(error.kind.rawValue == kind)
        #expect(try await data.integers("SELECT count(*) FROM runs WHERE run_id = 'a'") == [0])
    }

    @Test func whoMeansAnotherDatabaseIsRefused() async throws {
        let data = try TestData()
        let door = RouterHarness(data)
        let name = try #require(HTTPField.Name("holdfast-database"))
        func start(_ run: String, in database: String) async throws -> RouterHarness.Answer {
            let payload = #"{"jsonrpc":"2.0","id":1,"method":"runs.start","params":{"run_id":"\#(run)"}}"#
            return try await door.rpc(payload, headers: [.contentType: "application/json", name: database])
        }
        let refused = try await start("a", in: "another")
        #expect(refused.body.contains(#""kind":"other_database""#))
        #expect(refused.headers[name] == "this")
        #expect(try await start("b", in: "this").body.contains(#""result""#))
        #expect(try await data.integers("SELECT count(*) FROM runs WHERE run_id IN ('a', 'b')") == [1])
    }

    @Test(arguments: ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""])
    func onlyJSONIsTaken(type: String) async throws {
        let answer = try await RouterHarness(TestData()).rpc("{}", headers: [.contentType: type])
        #expect(answer.status == .unsupportedMediaType)
    }

    @Test(arguments: ["application/json; charset=utf-8", "Application/JSON"])
    func parametersOfTheTypeDoNotMatter(type: String) async throws {
        let ping = #"{"jsonrpc":"2.0","id":1,"method":"server.ping"}"#
        #expect(try await RouterHarness(TestData()).rpc(ping, headers: [.contentType: type]).status == .ok)
    }

    @Test func aBodyBeyondTheLimitIsRefused() async throws {
        let door = RouterHarness(try TestData(), limits: FrameLimits(payload: 100, attachments: 0))
        let answer = try await door.rpc(String(repeating: " ", count: 101))
        #expect(answer.status == .contentTooLarge)
    }

    @Test func arraysComeAsBase64() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<1))
        let answer = try await RouterHarness(data).rpc(
            #"{"jsonrpc":"2.0","id":1,"method":"frames.resolve","params":{"refs":["h5://run/frames/0"]}}"#
        )
        let bytes = Data(try Steps.frame(0).bytes.readableBytesView).base64EncodedString()
        #expect(answer.body.contains(#""base64":"\#(bytes)""#))
    }

    // MARK: Errors and headers

    @Test(arguments: [
        (HTTPRequest.Method.get, "/nothing", HTTPResponse.Status.notFound, "not_found"),
        (.get, "/thumbnails/1.png", .notFound, "not_found"), (.get, "/thumbnails/one.png", .notFound, "not_found"),
        (.get, "/thumbnails/-1.png", .notFound, "not_found"), (.get, "/thumbnails/1.jpg", .notFound, "not_found"),
        (.get, "/frames/a/frames/0.png", .notFound, "not_found"),
        (.get, "/frames/a%2Fb/frames/0.png", .badRequest, "invalid_reference"),
        (.get, "/frames/a/-/0.png", .badRequest, "invalid_reference"), (.post, "/nothing", .notFound, "not_found"),
    ])
    func errorsHaveOneShape(
        method: HTTPRequest.Method,
        path: String,
        status: HTTPResponse.Status,
        kind: String
    ) async throws {
        let answer = try await RouterHarness(TestData()).send(method, path)
        #expect(answer.status == status)
        #expect(answer.headers[.contentType] == "application/json")
        #expect(try answer.error().kind == kind)
    }

    @Test(arguments: [("localhost", "/healthz"), ("localhost", "/nothing"), ("evil.example", "/healthz")])
    func everyAnswerHasTheSecurityHeaders(host: String, path: String) async throws {
        let answer = try await RouterHarness(TestData()).send(.get, path, host: host)
        #expect(answer.headers[.xContentTypeOptions] == "nosniff")
        let policy = try #require(answer.headers[.contentSecurityPolicy])
        for directive in ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"] {
            #expect(policy.contains(directive))
        }
        let name = try #require(HTTPField.Name("Referrer-Policy"))
        #expect(answer.headers[name] == "no-referrer")
    }

    // MARK: Pictures

    @Test func aFrameIsAPictureThatNeverChanges() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<2))
        let door = RouterHarness(data)
        let answer = try await door.send(.get, "/frames/run/frames/1.png?size=2")
        #expect(answer.status == .ok)
        #expect(answer.headers[.contentType] == "image/png")
        #expect(answer.body.contains("PNG"))
        #expect(answer.headers[.cacheControl]?.contains("immutable") == true)
        let tag = try #require(answer.headers[.eTag])
        let again = try await door.send(.get, "/frames/run/frames/1.png?size=2", headers: [.ifNoneMatch: tag])
        #expect(again.status == .notModified)
        #expect(again.body.isEmpty)
        #expect(try await door.send(.get, "/frames/run/frames/1.png").headers[.eTag] != tag)
        #expect(try await door.send(.get, "/frames/run/frames/2.png").status == .notFound)
        for size in ["0", "-1", "8193", "x", ""] {
            #expect(try await door.send(.get, "/frames/run/frames/1.png?size=\(size)").status == .badRequest, "\(size)")
        }
    }

    @Test func anImageWithoutPixelsHasNoThumbnail() async throws {
        let data = try TestData()
        let images = [
            ImagesInsert.Image(filename: "a"),
            ImagesInsert.Image(filename: "b", image: try Steps.frame(1, shape: [8, 8, 3])),
        ]
        try await data.call(ImagesInsert(images: images))
        let door = RouterHarness(data)
        #expect(try await door.send(.get, "/thumbnails/1.png").status == .notFound)
        #expect(try await door.send(.get, "/thumbnails/2.png?size=4").status == .ok)
    }

    // MARK: Files

    private func page() throws -> TemporaryDirectory {
        let folder = try TemporaryDirectory()
        try folder.write("<p>page</p>", to: "Web/index.html")
        try folder.write("let x", to: "Web/label/room.js")
        try folder.write("secret", to: "token")
        return folder
    }

    @Test(arguments: [
        ("/", "<p>page</p>", "text/html"), ("/index.html", "<p>page</p>", "text/html"),
        ("/label/room.js", "let x", "text/javascript"),
    ])
    func theFilesOfThePageAreServed(path: String, body: String, type: String) async throws {
        let folder = try page()
        let door = RouterHarness(try TestData(), token: "needed elsewhere", webFolder: folder.file("Web"))
        let answer = try await door.send(.get, path)
        #expect(answer.status == .ok)
        #expect(answer.body == body)
        #expect(answer.headers[.contentType]?.hasPrefix(type) == true)
        #expect(answer.headers[.cacheControl] == "no-cache")
        let tag = try #require(answer.headers[.eTag])
        #expect(try await door.send(.get, path, headers: [.ifNoneMatch: tag]).status == .notModified)
    }

    @Test(arguments: [
        "/../token", "/label/../../token", "/%2e%2e/token", "/..%2ftoken", "/%2e%2e%2ftoken", "//../token",
        "/label/%2e%2e/%2e%2e/token", "/..\\token", "/....//token", "/label", "/missing.html", "/%00",
        "/index.html%00.png",
    ])
    func nothingOutsideOfTheFolderIsServed(path: String) async throws {
        let folder = try page()
        let answer = try await RouterHarness(try TestData(), webFolder: folder.file("Web")).send(.get, path)
        #expect(answer.status.code >= 300)
        #expect(!answer.body.contains("secret"))
    }

    @Test func withoutAFolderThereIsNoPage() async throws {
        #expect(try await RouterHarness(TestData()).send(.get, "/").status == .notFound)
    }
}
