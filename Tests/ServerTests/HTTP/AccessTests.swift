import HTTPTypes
import Testing
import Wire

@testable import Server

/// Who may do what over HTTP: hosts, origins, the token, logins.
struct AccessTests {
    private static let ping = #"{"jsonrpc":"2.0","id":1,"method":"server.ping"}"#

    // MARK: Hosts and origins

    @Test(arguments: [
        "localhost", "localhost:7412", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:7412", "[::1]", "[::1]:7412",
        "lab.example",
        "LAB.example:80",
    ])
    func aKnownHostIsServed(host: String) async throws {
        let door = RouterHarness(try TestData(), allowedHosts: ["Lab.Example"])
        #expect(try await door.send(.get, "/healthz", host: host).status == .ok)
    }

    @Test(arguments: [
        nil, "", "evil.example", "localhost.evil.example", "evil.example:7412", "127.0.0.1.evil.example", "[::2]",
        "localhost@evil.example", "127.0.0.2", "[::1]evil.example", "localhost:80@evil.example", "localhost:x",
    ])
    func anotherHostIsRefused(host: String?) async throws {
        let door = RouterHarness(try TestData())
        let answer = try await door.send(.get, "/healthz", host: host)
        #expect(answer.status == .misdirectedRequest)
        #expect(try answer.error().kind == "host_not_allowed")
    }

    @Test(arguments: [
        "http://evil.example", "null", "http://localhost", "https://localhost:7413", "ftp://localhost:7412", "",
    ])
    func aWriteFromAnotherOriginIsRefused(origin: String) async throws {
        let door = RouterHarness(try TestData())
        let answer = try await door.rpc(Self.ping, headers: [.origin: origin])
        #expect(answer.status == .forbidden)
        #expect(try answer.error().kind == "origin_not_allowed")
        #expect(try await door.send(.get, "/healthz", headers: [.origin: origin]).status == .ok)
    }

    @Test(arguments: ["http://localhost:7412", "https://localhost:7412"])
    func aWriteFromThePageItselfIsServed(origin: String) async throws {
        let door = RouterHarness(try TestData())
        #expect(try await door.rpc(Self.ping, headers: [.origin: origin]).status == .ok)
    }

    // MARK: The token

    @Test func withoutATokenEverythingIsOpen() async throws {
        #expect(try await RouterHarness(TestData()).rpc(Self.ping).status == .ok)
    }

    @Test(
        arguments: [
            [:], [.authorization: "Bearer wrong"], [.authorization: "Bearer"], [.authorization: "Basic c2VjcmV0"],
            [.authorization: "secret"], [.authorization: ""], [.cookie: "holdfast_session=secret"],
            [.cookie: "holdfast_session=9999999999.00"], [.cookie: "other=secret"],
        ] as [HTTPFields]
    )
    func withoutTheTokenNothingIsServed(headers: HTTPFields) async throws {
        let door = RouterHarness(try TestData(), token: "secret")
        for (method, path) in [(.post, "/rpc"), (.get, "/thumbnails/1.png"), (.get, "/frames/a/frames/0.png")]
            as [(HTTPRequest.Method, String)]
        {
            let answer = try await door.send(method, path, headers: headers, body: Self.ping)
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.wwwAuthenticate] == "Bearer")
            #expect(try answer.error().kind == "unauthorized")
            #expect(!answer.body.contains("secret"))
        }
    }

    @Test(arguments: ["Bearer secret", "bearer secret", "BEARER secret"])
    func theTokenIsEnough(header: String) async throws {
        let door = RouterHarness(try TestData(), token: "secret")
        #expect(try await door.rpc(Self.ping, headers: [.authorization: header]).status == .ok)
    }

    @Test func picturesOfHeldOutImagesAreInTheVault() async throws {
        let data = try TestData()
        let pixels = try ArrayValue([1, 2, 3, 4] as [UInt8], shape: [2, 2])
        let names = (0..<100).map { "image \($0)" }
        let ids = try await data.call(ImagesInsert(images: names.map { .init(filename: $0, image: pixels) })).ids
        let door = RouterHarness(data, gate: Gate(token: "secret", holdoutToken: "vault-key"))
        for (name, id) in zip(names, ids) {
            func status(_ token: String) async throws -> HTTPResponse.Status {
                try await door.send(.get, "/thumbnails/\(id).png", headers: [.authorization: "Bearer \(token)"]).status
            }
            #expect(try await status("secret") == (LabelSettings.standard.isHoldout(name) ? .forbidden : .ok))
            #expect(try await status("vault-key") == .ok)
        }
    }

    /// Whoever counts up the rows that the images' arrays have comes by those that are held out.
    @Test func pixelsOfHeldOutImagesAreInTheVaultByTheirReferencesToo() async throws {
        let data = try TestData()
        let names = (0..<100).map { "image \($0)" }
        let images = try names.enumerated().map { number, name in
            ImagesInsert.Image(filename: name, image: try ArrayValue([UInt8(number), 2, 3, 4], shape: [2, 2]))
        }
        try await data.call(ImagesInsert(images: images))
        let door = RouterHarness(data, gate: Gate(token: "secret", holdoutToken: "vault-key"))
        let kept = names.indices.filter { !LabelSettings.standard.isHoldout(names[$0]) }
        for (row, name) in names.enumerated() {
            func status(_ token: String) async throws -> HTTPResponse.Status {
                try await door.send(
                    .get,
                    "/frames/images/uint8_2x2/\(row).png",
                    headers: [.authorization: "Bearer \(token)"]
                ).status
            }
            #expect(try await status("secret") == (LabelSettings.standard.isHoldout(name) ? .forbidden : .ok))
            #expect(try await status("vault-key") == .ok)
        }
        func resolve(_ rows: some Sequence<Int>) async throws -> Wire.Response.Outcome {
            let refs = rows.map { "h5://images/uint8_2x2/\($0)" }
            let context = CallContext(
                arrayEncoding: .base64,
                limits: FrameLimits(),
                access: .general,
                earlierWrites: {}
            )
            return await data.dispatcher.outcome(of: try TestData.request(FramesResolve(refs: refs)), context)
        }
        guard case .failure(let error) = try await resolve(names.indices) else {
            Issue.record("all pixels were given out")
            return
        }
        #expect(error.kind == .forbidden)
        guard case .result = try await resolve(kept) else {
            Issue.record("what is not held out is refused")
            return
        }
    }

    @Test func aHeldOutImageUnderAnotherNameIsInTheVaultToo() async throws {
        let data = try TestData()
        let names = (0..<100).map { "image \($0)" }
        let held = try #require(names.first { LabelSettings.standard.isHoldout($0) })
        let other = try #require(names.first { !LabelSettings.standard.isHoldout($0) })
        let pixels = try ArrayValue([1, 2, 3, 4] as [UInt8], shape: [2, 2])
        try await data.call(ImagesInsert(images: [.init(filename: held, image: pixels)]))
        let again = ImagesInsert(images: [.init(filename: other, frameRef: "h5://images/uint8_2x2/0")])
        let context = CallContext(
            arrayEncoding: .base64,
            limits: FrameLimits(),
            access: .general,
            earlierWrites: {}
        )
        let stamp = ProducerStamp(producer: TestData.producer, seq: 1)
        let outcome = await data.dispatcher.outcome(of: try TestData.request(again, stamp: stamp), context)
        guard case .failure(let error) = outcome, error.kind == .forbidden else {
            Issue.record("a held-out image may be one to train on: \(outcome)")
            return
        }
        // Who may look into the vault may do that; others don't see it there either.
        let id = try await data.call(again).ids[0]
        let door = RouterHarness(data, gate: Gate(token: "secret", holdoutToken: "vault-key"))
        for (token, status) in [("secret", HTTPResponse.Status.forbidden), ("vault-key", .ok)] {
            let headers: HTTPFields = [.authorization: "Bearer \(token)"]
            #expect(try await door.send(.get, "/thumbnails/\(id).png", headers: headers).status == status)
        }
    }

    @Test func healthNeedsNoToken() async throws {
        let answer = try await RouterHarness(TestData(), token: "secret").send(.get, "/healthz")
        #expect(answer.status == .ok)
        #expect(answer.body == "{\"status\":\"ok\"}\n")
    }

    // MARK: Logins

    private func login(
        _ door: RouterHarness,
        _ body: String,
        type: String = "application/json"
    ) async throws
        -> RouterHarness.Answer
    {
        try await door.send(.post, "/login", headers: [.contentType: type], body: body)
    }

    @Test func aLoginGivesACookieThatOpensTheDoor() async throws {
        let door = RouterHarness(try TestData(), token: "secret")
        let answer = try await login(door, #"{"token":"secret"}"#)
        #expect(answer.status == .noContent)
        #expect(answer.headers[.cacheControl] == "no-store")
        let cookie = try #require(answer.headers[.setCookie])
        for attribute in ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=2592000"] {
            #expect(cookie.contains("; \(attribute)"))
        }
        #expect(!cookie.contains("secret"))
        let value = String(cookie.prefix { $0 != ";" })
        #expect(try await door.rpc(Self.ping, headers: [.cookie: value]).status == .ok)
        #expect(try await door.rpc(Self.ping, headers: [.cookie: "theme=dark; \(value); x=y"]).status == .ok)
        #expect(try await door.rpc(Self.ping, headers: [.cookie: value + "0"]).status == .unauthorized)
    }

    @Test func aLogoutEndsTheSession() async throws {
        let door = RouterHarness(try TestData(), token: "secret")
        let cookie = try #require(try await login(door, #"{"token":"secret"}"#).headers[.setCookie])
        let value = String(cookie.prefix { $0 != ";" })
        let answer = try await door.send(.post, "/logout", headers: [.cookie: value])
        #expect(answer.status == .noContent)
        #expect(answer.headers[.setCookie]?.hasPrefix("holdfast_session=; Max-Age=0;") == true)
        #expect(try await door.rpc(Self.ping, headers: [.cookie: value]).status == .unauthorized)
    }

    @Test(arguments: [
        (#"{"token":"wrong"}"#, "application/json", HTTPResponse.Status.unauthorized),
        (#"{"token":""}"#, "application/json", .unauthorized), (#"{"token":7}"#, "application/json", .badRequest),
        ("{}", "application/json", .badRequest), ("token=secret", "application/json", .badRequest),
        (#"{"token":"secret"}"#, "text/plain", .unsupportedMediaType),
        (#"{"token":"secret"}"#, "application/x-www-form-urlencoded", .unsupportedMediaType),
    ])
    func aBadLoginGivesNoCookie(body: String, type: String, status: HTTPResponse.Status) async throws {
        let answer = try await login(RouterHarness(try TestData(), token: "secret"), body, type: type)
        #expect(answer.status == status)
        #expect(answer.headers[.setCookie] == nil)
        #expect(try !answer.error().message.isEmpty)
    }
}
