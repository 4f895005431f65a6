import Foundation
import Testing

@testable import Server

extension Gate {
    fileprivate func admits(_ token: String?) -> Bool { access(token: token) != nil }

    fileprivate func admits(session: String, at time: Double) -> Bool { access(session: session, at: time) != nil }
}

struct GateTests {
    private static let token = "s3cret 🧪"
    private let gate = Gate(token: token)
    private let time = 1_700_000_000.0

    @Test func withoutATokenEverybodyMayComeIn() {
        let open = Gate(token: nil)
        #expect(!open.needsToken)
        #expect(open.admits(nil))
        #expect(open.admits("anything"))
        #expect(open.makeSession(token: Self.token, at: time) == nil)
    }

    @Test func onlyTheTokenItselfOpens() {
        #expect(gate.needsToken)
        #expect(gate.admits("s3cret 🧪"))
        for wrong in [nil, "", "s3cret", "s3cret 🧪 ", "S3cret 🧪"] { #expect(!gate.admits(wrong)) }
    }

    @Test func aSessionLastsThirtyDaysAndNoLonger() throws {
        let session = try #require(gate.makeSession(token: Self.token, at: time))
        let end = time + Double(Gate.sessionSeconds)
        #expect(Gate.sessionSeconds == 30 * 86_400)
        #expect(gate.admits(session: session, at: time))
        #expect(gate.admits(session: session, at: end - 1))
        #expect(!gate.admits(session: session, at: end))
    }

    @Test func aSessionOutlivesARestartAndEndsWithTheToken() throws {
        let session = try #require(gate.makeSession(token: Self.token, at: time))
        #expect(Gate(token: "s3cret 🧪", sessionKey: gate.sessionKey).admits(session: session, at: time))
        #expect(!Gate(token: "another", sessionKey: gate.sessionKey).admits(session: session, at: time))
    }

    /// What the database has of a token does not make a session.
    @Test func aSessionNeedsTheServersOwnKey() throws {
        let session = try #require(gate.makeSession(token: Self.token, at: time))
        #expect(!Gate(token: Self.token).admits(session: session, at: time))
    }

    @Test func theKeyOfADirectoryStaysAndIsItsUsersOnly() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("session.key")
        let key = try SessionKey(path)
        #expect(try SessionKey(path).bytes == key.bytes && Set(key.bytes).count > 8)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        try Data([1]).write(to: URL(fileURLWithPath: path))
        #expect(try SessionKey(path).bytes.count == 32)
    }

    @Test func whoLoggedOutStaysOutAfterARestartAndInWhateverCaseTheCodeIs() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("session.ended")
        let key = self.gate.sessionKey
        func restarted(at time: Double) throws -> Gate {
            Gate(token: Self.token, sessionKey: key, ended: try EndedSessions(path, at: time))
        }
        var gate = try restarted(at: time)
        let sessions = try (0..<3).map { _ in try #require(gate.makeSession(token: Self.token, at: time)) }
        for session in sessions.dropLast() { try gate.end(session: session, at: time) }
        gate = try restarted(at: time)
        #expect(sessions.map { gate.admits(session: $0, at: time) } == [false, false, true])
        #expect(!gate.admits(session: sessions[0].uppercased(), at: time))
        _ = try restarted(at: time + Double(Gate.sessionSeconds))
        #expect(try String(contentsOfFile: path, encoding: .utf8).isEmpty, "what has expired is forgotten")
    }

    @Test func loginsOfOneSecondAreSessionsOfTheirOwn() throws {
        let first = try #require(gate.makeSession(token: Self.token, at: time))
        let second = try #require(gate.makeSession(token: Self.token, at: time))
        try gate.end(session: first, at: time)
        #expect(!gate.admits(session: first, at: time) && gate.admits(session: second, at: time))
    }

    @Test func aSessionThatWasTamperedWithIsNone() throws {
        let session = try #require(gate.makeSession(token: Self.token, at: time))
        let parts = session.split(separator: ".").map(String.init)
        let (expiry, code) = (parts[0] + "." + parts[1], parts[2])
        let forged = [
            "", ".", "..", expiry, expiry + ".", "." + code, code + "." + expiry, session + "0", session + ".0",
            "\((Int(parts[0]) ?? 0) + 1).\(parts[1]).\(code)", "\(parts[0]).0.\(code)", "\(parts[0]).\(code)",
            " " + session, "+" + session,
            expiry + "." + String(code.dropLast(2)), expiry + "." + String(code.dropLast()),
            expiry + "." + String(code.dropLast()) + (code.hasSuffix("0") ? "1" : "0"),
            expiry + "." + String(repeating: "z", count: code.count),
            expiry + "." + String(repeating: "0", count: code.count), "9223372036854775807.\(parts[1])." + code,
        ]
        for text in forged { #expect(!gate.admits(session: text, at: time), "\(text)") }
    }

    @Test func theSessionDoesNotTellTheToken() throws {
        let session = try #require(gate.makeSession(token: Self.token, at: time))
        #expect(!session.contains("s3cret"))
    }

    @Test func aTokenForTheHoldoutOpensTheVaultAndEverythingElse() throws {
        let both = Gate(token: "general", holdoutToken: "vault")
        #expect(both.access(token: "general") == .general)
        #expect(both.access(token: "vault") == .holdout)
        #expect(both.access(token: "other") == nil)
        let session = try #require(both.makeSession(token: "vault", at: time))
        #expect(both.access(session: session, at: time) == .holdout)
        let other = try #require(both.makeSession(token: "general", at: time))
        #expect(both.access(session: other, at: time) == .general)
        try both.end(session: session, at: time)
        #expect(both.access(session: session, at: time) == nil)
        #expect(Gate(token: "general").access(token: "general") == .holdout)
    }

    @Test func whereOnlyTheVaultIsGuardedOthersComeInWithoutAToken() {
        let gate = Gate(token: nil, holdoutToken: "vault")
        #expect(gate.access(token: nil) == .general)
        #expect(gate.access(token: "vault") == .holdout)
        #expect(gate.access(token: "wrong") == nil)
    }
}
