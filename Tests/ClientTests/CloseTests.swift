import Testing
import Wire

@testable import Holdfast

@Suite(.timeLimit(.minutes(1))) struct CloseTests {
    private let problems = Problems()

    /// More than any call here takes, however slow the machine is.
    private let patience = Duration.seconds(10)

    private func client(_ address: String) throws -> HoldfastClient {
        var options = ClientOptions.forTests(problems)
        options.startTimeout = .milliseconds(50)
        return try HoldfastClient(server: address, options: options)
    }

    private func logAndClose(_ address: String, once isReady: () -> Bool = { true }) async throws {
        let client = try client(address)
        let clock = ContinuousClock()
        let run = try await client.startRun("r")
        #expect(run.isResumed == nil)
        let logging = clock.measure {
            for index in 0..<1000 {
                run.log("loss", 0, step: index)
                run.logStep(episode: "e", index: index, reward: 0)
            }
            run.finishEpisode("e")
            run.finish(.failed)
        }
        #expect(logging < patience)
        try await eventually("the client has come to the point") { isReady() }
        var unsent = Unsent(records: 0, bytes: 0)
        let closing = await clock.measure { unsent = await client.close(deadline: .milliseconds(100)) }
        #expect(closing < patience)
        #expect(unsent.records == 2003)
        #expect(unsent.bytes > 2003)
        #expect(client.statistics.queued == 2003)
    }

    @Test func aSilentServerBlocksNothing() async throws {
        try await TestServer.serving(TestServer.silent) { server in
            try await logAndClose(server.address)
            #expect(server.received(Hello.name).count >= 1)
        }
    }

    @Test func aServerThatGreetsAndThenSaysNothingBlocksNothing() async throws {
        let ledger = Ledger()
        try await TestServer.serving(ledger.greetingOnly) { server in
            try await logAndClose(server.address)
            #expect(server.received(RunsStart.name).count == 1)
        }
    }

    @Test func whoClosesTwiceTellsThoseWhoWaitOnce() async throws {
        let ledger = Ledger()
        try await TestServer.serving(ledger.greetingOnly) { server in
            let client = try client(server.address)
            let waiting = Task { try await client.insertImagesAndWait([ImagesInsert.Image(filename: "a")]) }
            try await eventually("the request was sent") { !server.received(ImagesInsert.name).isEmpty }
            for _ in 0..<2 { await client.close(deadline: .zero) }
            let error = await #expect(throws: HoldfastError.self) { try await waiting.value }
            #expect(error?.code == .closed)
        }
    }

    @Test func anAbsentServerBlocksNothing() async throws {
        let port = try await freePort()
        try await logAndClose("127.0.0.1:\(port)") { !problems.of(.waiting).isEmpty }
    }

    @Test func aServerThatComesLateGetsEverything() async throws {
        let port = try await freePort()
        let client = try client("127.0.0.1:\(port)")
        let run = try await client.startRun("r")
        for index in 0..<100 { run.log("loss", 0, step: index) }
        try await eventually("the client has tried in vain") { !problems.of(.waiting).isEmpty }
        let ledger = Ledger()
        try await TestServer.serving(port: port, ledger.script) { _ in
            #expect(await client.close(deadline: .seconds(30)).isEmpty)
            let steps = try ledger.applied.metricSteps()
            #expect(steps == Array(0..<100))
        }
    }

    @Test func nothingIsTakenAfterTheEnd() async throws {
        let ledger = Ledger()
        try await TestServer.serving(ledger.script) { server in
            let client = try client(server.address)
            let run = try await client.startRun("r")
            #expect(await client.close().isEmpty)
            run.log("loss", 0)
            #expect(client.statistics.dropped == 1)
            let reading = ResourceRecord(
                runID: "r",
                type: "cpu",
                name: "system_total",
                value: 1,
                unit: "%",
                hostname: "lab",
                processID: 1,
                timestamp: 0
            )
            client.delivery.intake.add(reading, whenFull: .drop)
            #expect(client.statistics.dropped == 1, "a reading of resources that the end overtakes is no loss")
            #expect(await client.close().isEmpty)
            try await client.flush()
            await #expect(throws: HoldfastError.self) { try await client.call(ServerPing()) }
            await #expect(throws: HoldfastError.self) { try await client.startRun("r2") }
        }
    }

    @Test func readingsOfResourcesThatARunsEndOvertakesAreNotDropped() async throws {
        let ledger = Ledger()
        try await TestServer.serving(ledger.script) { server in
            for number in 0..<8 {
                var options = ClientOptions.forTests(problems)
                options.resourceInterval = .seconds(1)
                let client = try HoldfastClient(server: server.address, options: options)
                try await client.startRun("r\(number)").finish()
                await client.close(deadline: .zero)
                #expect(client.statistics.dropped == 0)
            }
        }
        #expect(problems.of(.dropped).isEmpty)
    }

    @Test func aFlushEndsAtItsDeadline() async throws {
        try await TestServer.serving(TestServer.silent) { server in
            let client = try client(server.address)
            let run = try await client.startRun("r")
            run.log("loss", 0)
            for deadline in [Duration.zero, .milliseconds(20)] {
                let error = await #expect(throws: HoldfastError.self) { try await client.flush(deadline: deadline) }
                #expect(error?.code == .timeout)
                #expect(error?.message.contains("they stay in the spool") == true)
            }
            let task = Task { try await client.flush(deadline: .seconds(600)) }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(await client.close(deadline: .zero).records == 2)
        }
    }

    @Test func aRefusedStartThrowsAndLosesNothingElse() async throws {
        let ledger = Ledger()
        let script: TestServer.Script = { received in
            ledger.react(received, verdict: received.method == RunsStart.name ? .refuse : .accept)
        }
        try await TestServer.serving(script) { server in
            var options = ClientOptions.forTests(problems)
            options.startTimeout = .seconds(30)
            let client = try HoldfastClient(server: server.address, options: options)
            let error = await #expect(throws: WireError.self) { try await client.startRun("r") }
            #expect(error?.kind == .shapeMismatch)
            await #expect(throws: WireError.self) { try await client.startRun("../r") }
            #expect(server.received(RunsStart.name).count == 1, "an invalid id is not sent")
            let result = try await client.insertImagesAndWait([.init(filename: "a"), .init(filename: "b")])
            #expect(result.ids == [7, 8])
            await client.close()
        }
    }

    /// A port that nobody listens on.
    private func freePort() async throws -> Int {
        var port = 0
        try await TestServer.serving(TestServer.silent) { port = $0.port }
        return port
    }
}
