import Foundation
import NIOCore
import Testing
import Wire

@testable import Holdfast

@Suite(.timeLimit(.minutes(1))) struct CallTests {
    private let ledger = Ledger()

    private func client(
        of server: TestServer,
        _ change: (inout ClientOptions) -> Void = { _ in }
    ) throws -> HoldfastClient {
        var options = ClientOptions.forTests()
        change(&options)
        return try HoldfastClient(server: server.address, options: options)
    }

    @Test func aReadDoesNotWaitBehindWrites() async throws {
        let script: TestServer.Script = { $0.stamp == nil ? ledger.react($0) : .silence }
        try await TestServer.serving(script) { server in
            let client = try client(of: server) { $0.startTimeout = .zero }
            let run = try await client.startRun("r")
            for index in 0..<1000 { run.log("loss", 0, step: index) }
            #expect(try await client.call(ServerPing()).time == 1.5)
            await client.close(deadline: .zero)
        }
    }

    @Test func manyCallsShareAConnection() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            try await withThrowingTaskGroup(of: Double.self) { group in
                for _ in 0..<50 { group.addTask { try await client.call(ServerPing()).time } }
                for try await time in group { #expect(time == 1.5) }
            }
            #expect(server.connectionCount == 1)
            await client.close()
        }
    }

    @Test func arraysComeBackWithTheirBytes() async throws {
        let pixels = try ArrayValue([1, 2, 3, 4, 5, 6] as [UInt8], shape: [2, 3])
        let script: TestServer.Script = { received in
            guard received.method == FramesResolve.name else { return ledger.react(received) }
            let json = #"{"frames":[{"dtype":"uint8","shape":[2,3],"attachment":0},null]}"#
            return .answer(.result(ByteBuffer(string: json), attachments: [pixels.bytes]))
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server)
            #expect(try await client.resolve(["h5://r/frames/0", "h5://r/frames/1"]) == [pixels, nil])
            await client.close()
        }
    }

    @Test func theServersErrorIsThrown() async throws {
        let script: TestServer.Script = { received in
            received.method == RunsGet.name ? .refusal(.notFound) : ledger.react(received)
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server)
            let error = await #expect(throws: WireError.self) { try await client.run("r") }
            #expect(error?.kind == .notFound)
            await client.close()
        }
    }

    @Test func aWrongTokenIsThrown() async throws {
        try await TestServer.serving(TestServer.forbidding) { server in
            let client = try client(of: server)
            let error = await #expect(throws: WireError.self) { try await client.call(ServerPing()) }
            #expect(error?.kind == .unauthorized)
            await client.close()
        }
    }

    @Test func aCutConnectionFailsItsCallsAndTheNextCallMakesANewOne() async throws {
        let script: TestServer.Script = { received in
            received.connection == 1 && received.method != Hello.name ? .cut : ledger.react(received)
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server)
            let error = await #expect(throws: HoldfastError.self) { try await client.call(ServerPing()) }
            #expect(error?.code == .unreachable)
            #expect(try await client.call(ServerPing()).time == 1.5)
            await client.close()
        }
    }

    @Test func aCallWithoutAnAnswerTimesOutAndTheNextCallMakesANewConnection() async throws {
        let script: TestServer.Script = { received in
            received.connection == 1 && received.method != Hello.name ? .silence : ledger.react(received)
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server) { $0.requestTimeout = .milliseconds(100) }
            var errors: [HoldfastError] = []
            // The first call may see the answer to `hello`, and so not know that the connection is dead.
            while server.connectionCount < 2, errors.count < 10 {
                do {
                    #expect(try await client.call(ServerPing()).time == 1.5)
                } catch let error as HoldfastError {
                    errors.append(error)
                }
            }
            #expect((1..<10).contains(errors.count))
            #expect(errors.allSatisfy { $0.code == .timeout })
            await client.close()
        }
    }

    @Test func aCancelledCallThrows() async throws {
        try await TestServer.serving(ledger.greetingOnly) { server in
            let client = try client(of: server)
            let call = Task { try await client.call(ServerPing()) }
            try await eventually("the call is under way") { server.received(ServerPing.name).count == 1 }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            await client.close()
        }
    }

    @Test func aRequestBeyondTheServersLimitsIsNotSent() async throws {
        let ledger = Ledger(limits: FrameLimits(payload: 1000, attachments: 1000))
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            let refs = (0..<100).map { "h5://run/frames/\($0)" }
            let error = await #expect(throws: HoldfastError.self) { try await client.resolve(refs) }
            #expect(error?.code == .tooLarge)
            #expect(server.received(FramesResolve.name).isEmpty)
            await client.close()
        }
    }

    @Test(arguments: [
        "", "localhost", ":7411", "host:", "host:0", "host:65536", "host:-1", "::1:7411", "host:7x", "tls://",
        "tls://host",
        "https://host:7411", "TLS://host:7411", "tls://tls://host:7411",
    ])
    func anAddressThatIsNoneIsRefused(text: String) throws {
        let error = try #require(throws: HoldfastError.self) { try HoldfastClient(server: text) }
        #expect(error.code == .invalidAddress)
        #expect(error.message.contains("TCP door") == text.hasPrefix("https://"), "\(error.message)")
        #expect(error.localizedDescription == error.description)
    }

    @Test(arguments: [
        ("localhost", "there is no port"), ("host:99999", "from 1 to 65535"), ("tcp://host:1", "no scheme tcp"),
        ("::1:1", "needs brackets"), (":1", "there is no host"),
    ])
    func anAddressThatIsNoneIsToldWithWhatIsWrong(text: String, reason: String) throws {
        let error = try #require(throws: HoldfastError.self) { try ServerAddress(text) }
        #expect(error.message.contains(reason), "\(error.message)")
    }

    @Test func whoTakesConnectionsAndNeverAnswersMayBeAnotherProgram() async throws {
        try await TestServer.serving(TestServer.silent) { server in
            let client = try client(of: server) { $0.requestTimeout = .milliseconds(300) }
            let error = await #expect(throws: HoldfastError.self) { try await client.call(RunsList()) }
            #expect(error?.code == .timeout)
            #expect(error?.message.contains("takes connections but does not answer") == true)
            await client.close()
        }
    }

    @Test func addressesAreParsed() throws {
        let named = try ServerAddress("box.local:7411")
        #expect(named.host == "box.local")
        #expect(named.port == 7411)
        let numbered = try ServerAddress("[::1]:1")
        #expect(numbered.host == "::1")
        #expect(numbered.description == "[::1]:1")
        #expect(!numbered.isSecure)
        #expect(try ServerAddress(" box:1\n").description == "box:1")
        let secure = try ServerAddress("tls://[::1]:1")
        #expect(secure.host == "::1")
        #expect(secure.isSecure)
        #expect(secure.description == "tls://[::1]:1")
    }

    @Test func whatWaitsForAServerMayGoToItsDoorWithTLSButNeverToOneWithout() {
        #expect(ServerAddress.mayTake("box:1", at: "box:1"))
        #expect(ServerAddress.mayTake("box:1", at: "tls://box:1"))
        #expect(!ServerAddress.mayTake("tls://box:1", at: "box:1"))
        #expect(!ServerAddress.mayTake("box:1", at: "tls://box:2"))
    }

    @Test func authoritiesThatCantBeReadAreAnErrorAtOnce() {
        var options = ClientOptions()
        options.caFile = "/nowhere/authority.pem"
        let error = #expect(throws: HoldfastError.self) {
            try HoldfastClient(server: "tls://127.0.0.1:1", options: options)
        }
        #expect(error?.code == .tls)
        #expect(error?.message.contains("/nowhere/authority.pem") == true)
    }
}
