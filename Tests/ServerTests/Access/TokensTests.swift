import HTTPTypes
import NIOCore
import Testing
import Wire

@testable import Server

struct TokensTests {
    /// A token with some roles, beside one that can give out tokens.
    private func token(_ roles: [Role], _ data: TestData) async throws -> String {
        if data.gate.stored.isEmpty { try await data.call(TokensCreate(name: "first", roles: [.admin])) }
        return try await data.call(TokensCreate(name: "token", roles: roles)).token
    }

    @Test func aTokenAllowsItsRolesUntilItIsRevoked() async throws {
        let data = try TestData()
        #expect(data.gate.access(token: nil) == .holdout)
        let text = try await token([.read, .label], data)
        #expect(data.gate.access(token: nil) == nil)
        let access = try #require(data.gate.access(token: text))
        #expect(access.roles == [.read, .label])
        try access.check(.label, for: "labels.set")
        #expect(throws: WireError.self) { try access.check(.admin, for: "runs.delete") }
        for wrong in [String(text.dropLast()), text + "x", "hf_", "hf__", "", "token"] {
            #expect(data.gate.access(token: wrong) == nil, "\(wrong)")
        }
        try await data.call(TokensRevoke(name: "token"))
        #expect(data.gate.access(token: text) == nil)
        let refusal = #expect(throws: WireError.self) { try access.check(.read, for: "runs.list") }
        #expect(refusal?.kind == .unauthorized)
    }

    @Test func aLoginEndsWithItsToken() async throws {
        let data = try TestData()
        let text = try await token([.read], data)
        let session = try #require(data.gate.makeSession(token: text, at: 1000))
        #expect(data.gate.access(session: session, at: 2000)?.roles == [.read])
        for forged in [String(session.dropFirst()), "x" + session, session + "0", "-" + session] {
            #expect(data.gate.access(session: forged, at: 2000) == nil, "\(forged)")
        }
        #expect(data.gate.access(session: session, at: 1000 + Double(Gate.sessionSeconds)) == nil)
        try await data.call(TokensRevoke(name: "token"))
        #expect(data.gate.access(session: session, at: 2000) == nil)
    }

    @Test func theAuditLogHasWhoWasTurnedAwayAMomentAgo() async throws {
        let data = try TestData()
        AuditLog(catalog: data.catalog).record(.failedLogin(from: "203.0.113.9", "by the test"))
        #expect(try await data.call(AuditList()).entries.map(\.address) == ["203.0.113.9"])
    }

    @Test func tokensAreThereAfterARestart() async throws {
        let directory = try TemporaryDirectory()
        let data = try TestData(in: directory)
        let text = try await token([.ingest], data)
        try await data.call(TokensCreate(name: "gone", roles: [.read]))
        try await data.call(TokensRevoke(name: "gone"))
        try await data.close()
        let again = try TestData(in: directory)
        try Tokens(catalog: again.catalog, gate: again.gate).load()
        #expect(again.gate.access(token: text)?.roles == [.ingest])
        #expect(again.gate.access(token: nil) == nil)
        let list = try await again.call(TokensList()).tokens
        #expect(list.map(\.name) == ["first", "token", "gone"])
        #expect(list.map { $0.revokedAt == nil } == [true, true, false])
        #expect(try await again.strings("SELECT hex(sha256) FROM tokens").allSatisfy { $0?.count == 64 })
        #expect(try await again.integers("SELECT count(*) FROM tokens WHERE instr(sha256, ?)", .text(text)) == [0])
    }

    @Test func whatCannotBeGivenOutIsRefused() async throws {
        let data = try TestData()
        let first = try await data.refusal(TokensCreate(name: "trainer", roles: [.ingest]))
        #expect(first?.message.contains("admin") == true)
        _ = try await token([.read], data)
        #expect(try await data.refusal(TokensCreate(name: "token", roles: [.read]))?.kind == "name_taken")
        #expect(try await data.refusal(TokensCreate(name: "", roles: [.read]))?.kind == .invalidParams)
        #expect(try await data.refusal(TokensCreate(name: "none", roles: []))?.kind == .invalidParams)
        #expect(try await data.refusal(TokensRevoke(name: "nobody"))?.kind == .notFound)
        let payload = #"{"jsonrpc":"2.0","id":1,"method":"tokens.create","params":{"name":"more","roles":["holdout"]}}"#
        let context = CallContext(
            arrayEncoding: .base64,
            limits: FrameLimits(),
            access: Access(roles: [.admin]),
            earlierWrites: {}
        )
        let outcome = await data.dispatcher.outcome(
            of: try Request(try Frame(payload: .init(string: payload))),
            context
        )
        guard case .failure(let error) = outcome else {
            Issue.record("an admin gave itself a role")
            return
        }
        #expect(error.kind == .forbidden)
    }

    @Test func routesNeedTheRoleReadAndForgetRevokedLogins() async throws {
        let data = try TestData()
        let harness = RouterHarness(data, gate: data.gate)
        let image = "/thumbnails/1.png"
        #expect(try await harness.send(.get, image).status == .notFound)
        let ingest = try await token([.ingest], data)
        let reader = try await data.call(TokensCreate(name: "reader", roles: [.read])).token
        func status(_ token: String) async throws -> Int {
            try await harness.send(.get, image, headers: [.authorization: "Bearer \(token)"]).status.code
        }
        #expect(try await harness.send(.get, image).status == .unauthorized)
        #expect(try await status(ingest) == 403)
        #expect(try await status(reader) == 404)
        #expect(try await status("hf_0_0") == 401)
        let login = try await harness.send(
            .post,
            "/login",
            headers: [.contentType: "application/json"],
            body: #"{"token":"\#(reader)"}"#
        )
        let cookie = try #require(login.headers[.setCookie]?.split(separator: ";").first.map(String.init))
        #expect(try await harness.send(.get, image, headers: [.cookie: cookie]).status == .notFound)
        try await data.call(TokensRevoke(name: "reader"))
        #expect(try await harness.send(.get, image, headers: [.cookie: cookie]).status == .unauthorized)
    }

    @Test func manyWrongTokensMustWaitAndAreRecorded() async throws {
        let data = try TestData()
        let text = try await token([.read], data)
        let logins = Logins(gate: data.gate, audit: AuditLog(catalog: data.catalog))
        func kind(_ token: String?, from address: String) -> WireError.Kind? {
            do {
                _ = try logins.access(token: token, from: address, "test/1")
                return nil
            } catch {
                return (error as? WireError)?.kind
            }
        }
        for _ in 0..<LoginLimit.failures { #expect(kind("wrong", from: "192.0.2.1") == .unauthorized) }
        #expect(kind("wrong", from: "192.0.2.1") == "too_many_logins")
        #expect(kind(text, from: "192.0.2.1") == "too_many_logins")
        #expect(kind(nil, from: "192.0.2.1") == .unauthorized)
        #expect(kind(text, from: "192.0.2.2") == nil)
        // Entries are committed in the order in which they were made, before this write is answered.
        try await data.call(RunsStart(runID: "a"))
        let entries = try await data.call(AuditList(limit: 1000)).entries
        #expect(entries.filter { $0.event == "login_failed" }.count == LoginLimit.failures)
        let last = entries.first { $0.event == "login" }
        #expect(last?.token == "token" && last?.address == "192.0.2.2" && last?.note == "test/1")
    }

    @Test func aTokenThatComesWithEveryRequestIsNotedOnceAnHour() async throws {
        let uses = TokenUses()
        #expect(
            uses.isNew("a", from: "x", at: 0) && uses.isNew("a", from: "y", at: 0) && uses.isNew("b", from: "x", at: 0)
        )
        #expect(!uses.isNew("a", from: "x", at: 3599) && uses.isNew("a", from: "x", at: 3600))
        let data = try TestData()
        let text = try await token([.read], data)
        let logins = Logins(gate: data.gate, audit: AuditLog(catalog: data.catalog))
        for _ in 0..<3 { _ = try logins.access(ofRequestWith: text, from: "192.0.2.1", "HTTP") }
        try await data.call(RunsStart(runID: "a"))
        let noted = try await data.call(AuditList()).entries.filter { $0.event == "token_used" }
        #expect(noted.map(\.token) == ["token"] && noted.map(\.address) == ["192.0.2.1"])
    }

    @Test func aWindowEnds() {
        let limit = LoginLimit()
        for _ in 0..<LoginLimit.failures { #expect(limit.fail("a", at: 0)) }
        #expect(!limit.fail("a", at: 1))
        #expect(limit.wait("a", at: 1) == LoginLimit.window - 1)
        #expect(limit.wait("b", at: 1) == nil)
        #expect(limit.wait("a", at: LoginLimit.window) == nil)
        #expect(limit.fail("a", at: LoginLimit.window))
    }

    @Test func whatDestroysIsRecordedAndStays() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"))
        try await data.call(RunsFinish(runID: "a", status: .finished))
        try await data.call(RunsDelete(runID: "a"))
        #expect(try await data.refusal(RunsDelete(runID: "b"))?.kind == .notFound)
        _ = try await token([.read], data)
        let page = try await data.call(AuditList(limit: 2))
        #expect(page.entries.map(\.event) == ["tokens.create", "tokens.create"])
        #expect(page.entries.map(\.note) == ["token: read", "first: admin"])
        let rest = try await data.call(AuditList(cursor: page.cursor))
        #expect(rest.entries.map(\.note) == ["run a"] && rest.cursor == nil)
        #expect(throws: (any Error).self) { try data.change("DELETE FROM audit_log") }
        #expect(throws: (any Error).self) { try data.change("UPDATE audit_log SET note = ''") }
    }
}
