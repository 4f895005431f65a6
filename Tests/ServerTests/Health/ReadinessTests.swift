import Foundation
import HTTPTypes
import Testing
import Wire

@testable import Server

struct ReadinessTests {
    @Test func aServerThatWritesIsReady() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"))
        #expect(await data.readiness.obstacle() == nil)
    }

    @Test func oneThatShutsDownIsNot() async throws {
        let data = try TestData()
        #expect(await data.readiness.obstacle() == nil)
        data.readiness.drain()
        #expect(await data.readiness.obstacle()?.reason == "draining")
    }

    @Test func afterAFailedCommitAnotherOneTells() async throws {
        let data = try TestData()
        // Ends the whole transaction, as a disk does that fails.
        try data.change(
            "CREATE TRIGGER spoil BEFORE UPDATE ON settings BEGIN SELECT RAISE(ROLLBACK, 'no more'); END"
        )
        let operation = WriteOperation(stamp: nil) { transaction in
            try transaction.connection.execute("UPDATE settings SET value = value")
            throw WireError(.internalError, "not reached")
        }
        _ = await data.catalog.writer.perform(operation)
        #expect(await data.readiness.obstacle()?.reason == "internal")
        try data.change("DROP TRIGGER spoil")
        #expect(await data.catalog.writer.trial() == nil)
    }

    @Test func bothAreAnsweredWithoutAToken() async throws {
        let data = try TestData()
        let door = RouterHarness(data, token: "secret")
        for path in ["/healthz", "/healthz/live"] {
            let answer = try await door.send(.get, path)
            #expect(answer.status == .ok)
            #expect(answer.body == "{\"status\":\"ok\"}\n")
        }
        #expect(try await door.send(.get, "/healthz/ready").body == "{\"status\":\"ready\"}\n")
        data.readiness.drain()
        let answer = try await door.send(.get, "/healthz/ready")
        #expect(answer.status == .serviceUnavailable)
        #expect(
            answer.body
                == #"{"message":"the server is shutting down","reason":"draining","status":"not_ready"}"# + "\n"
        )
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(try await door.send(.get, "/healthz/live").status == .ok)
    }
}
