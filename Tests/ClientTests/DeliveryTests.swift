import NIOCore
import Synchronization
import Testing
import Wire

@testable import Holdfast

@Suite(.timeLimit(.minutes(1))) struct DeliveryTests {
    private let ledger = Ledger()
    private let problems = Problems()

    private func client(
        of server: TestServer,
        _ change: (inout ClientOptions) -> Void = { _ in }
    ) throws -> HoldfastClient {
        var options = ClientOptions.forTests(problems)
        change(&options)
        return try HoldfastClient(server: server.address, token: "secret", options: options)
    }

    private func log(_ count: Int, to run: ActiveRun) throws {
        for index in 0..<count {
            let frame = try ArrayValue([UInt8](repeating: UInt8(index % 256), count: 12), shape: [2, 2, 3])
            run.logStep(episode: "e\(index / 7)", index: index, action: index % 4, reward: 0.5, frame: frame)
            run.log("loss", Double(index), step: index)
        }
    }

    @Test func everythingArrivesInOrderInFullBatches() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r", config: ["lr": 0.1])
            #expect(run.isResumed == false)
            try log(95, to: run)
            run.finishEpisode("e13")
            run.finish(.finished)
            try await client.flush()
            #expect(try ledger.applied.stepIndices() == Array(0..<95))
            #expect(try ledger.applied.metricSteps() == Array(0..<95))
            let methods = ledger.applied.map(\.method)
            #expect(methods.first == "runs.start")
            #expect((10...20).contains(methods.filter { $0 == "steps.append" }.count))
            #expect((10...20).contains(methods.filter { $0 == "metrics.append" }.count))
            #expect(methods.last == "runs.finish")
            #expect(server.received(Hello.name).count == 1)
            let statistics = client.statistics
            #expect(statistics.acknowledged == 193)
            #expect(statistics.sent == 193)
            #expect(statistics.queued == 0 && statistics.queuedBytes == 0)
            #expect(await client.close(deadline: .seconds(60)).isEmpty)
            #expect(problems.all.isEmpty)
        }
    }

    @Test func whoIsNotLetInIsToldAtOnceAndWhatIsLoggedIsKept() async throws {
        let isOpen = Atomic(false)
        let script: TestServer.Script = { received in
            isOpen.load(ordering: .acquiring) ? ledger.react(received) : .refusal(.unauthorized)
        }
        try await TestServer.serving(script) { server in
            // Longer than any test may take.
            let client = try client(of: server) { $0.startTimeout = .seconds(600) }
            let run = try await client.startRun("r")
            #expect(run.isResumed == nil)
            let problem = try #require(problems.of(.waiting).first)
            #expect(problem.message.contains("refuses the token (by the test): set HOLDFAST_TOKEN or token:"))
            let image = ImagesInsert.Image(filename: "a")
            let error = await #expect(throws: WireError.self) { try await client.insertImagesAndWait([image]) }
            #expect(error?.kind == .unauthorized)
            try log(5, to: run)
            isOpen.store(true, ordering: .releasing)
            try await client.flush()
            #expect(ledger.applied.map(\.method).starts(with: ["runs.start", "images.insert"]))
            #expect(try ledger.applied.stepIndices() == Array(0..<5))
            #expect(await client.close(deadline: .seconds(60)).isEmpty)
        }
    }

    @Test func whoWaitsForAnAnswerCanBeCancelled() async throws {
        try await TestServer.serving(ledger.greetingOnly) { server in
            let client = try client(of: server)
            let waiting = Task { try await client.insertImagesAndWait([ImagesInsert.Image(filename: "a")]) }
            try await eventually("the request is under way") { !server.received(ImagesInsert.name).isEmpty }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            await client.close(deadline: .zero)
        }
    }

    @Test func whatIsLoggedAfterTheEndIsToldOnce() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r")
            #expect(await client.close(deadline: .seconds(60)).isEmpty)
            try log(3, to: run)
            try await eventually("it is told") { !problems.of(.dropped).isEmpty }
            try log(3, to: run)
            #expect(client.statistics.dropped == 12)
            #expect(
                problems.of(.dropped).map(\.message).allSatisfy { $0.hasPrefix("logged after the client was closed") }
            )
            #expect(problems.of(.dropped).count == 1)
        }
    }

    @Test func closingInACancelledTaskStillSends() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r")
            try log(20, to: run)
            let closing = Task {
                while !Task.isCancelled { await Task.yield() }
                return await client.close()
            }
            closing.cancel()
            #expect(await closing.value.isEmpty)
            #expect(try ledger.applied.stepIndices() == Array(0..<20))
        }
    }

    @Test func largeFramesTravelCompressedRowByRow() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r")
            var generator = SeededGenerator(seed: 3)
            let noise = (0..<16_384).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // All of one kind, and bytes that nothing makes smaller.
            for (index, pixels) in [[UInt8](repeating: 7, count: 16_384), noise, noise, noise].enumerated() {
                run.logStep(episode: "e", index: index, reward: 0, frame: try ArrayValue(pixels, shape: [128, 128]))
            }
            try await client.flush()
            let received = try #require(server.received(StepsAppend.name).first)
            let frame = try #require(try received.request.decode(StepsAppend.self).columns?.frame)
            #expect(frame.shape == [4, 128, 128])
            let sizes = try #require(frame.rows?.sizes)
            #expect(frame.rows?.encoding == .lzf && sizes[0] < 1000 && sizes[1...] == [16_384, 16_384, 16_384])
            await client.close()
        }
    }

    @Test func aTimeInMillisecondsCostsItsStepOnly() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r")
            for step in 0..<3 {
                let time = step == 1 ? 1_700_000_000_000_000 : 1_700_000_000.0
                run.logStep(episode: "e", index: step, reward: 0, terminated: false, timestamp: time)
            }
            try await client.flush()
            #expect(try ledger.applied.stepIndices() == [0, 2])
            #expect(problems.all.count == 1)
            await client.close()
        }
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func cutsRefusalsAndFullDisksLoseAndDoubleNothing(seed: UInt64) async throws {
        let generator = Mutex(SeededGenerator(seed: seed))
        let faults: @Sendable (TestServer.Received) -> TestServer.Reaction = { received in
            let dice = generator.withLock { Int.random(in: 0..<100, using: &$0) }
            if received.method == Hello.name { return dice < 20 ? .cut : ledger.react(received) }
            if dice < 10 { return .cut }
            let reaction = ledger.react(received, verdict: dice < 30 ? .postpone : .accept)
            return dice >= 90 ? .cut : reaction
        }
        try await TestServer.serving(faults) { server in
            let client = try client(of: server) { $0.startTimeout = .seconds(30) }
            let run = try await client.startRun("r")
            try log(200, to: run)
            try await client.flush()
            #expect(try ledger.applied.stepIndices() == Array(0..<200))
            #expect(try ledger.applied.metricSteps() == Array(0..<200))
            #expect(client.statistics.acknowledged == 401)
            #expect(await client.close(deadline: .seconds(60)).isEmpty)
        }
    }

    @Test func aBatchIsSentWhenItIsOldEnough() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server) { $0.batchDelay = .milliseconds(20) }
            let run = try await client.startRun("r")
            run.log("loss", 1, step: 0)
            try await eventually("the metric arrives by itself") { client.statistics.acknowledged == 2 }
            await client.close()
        }
    }

    @Test func aRefusalIsReportedAndHoldsUpNothing() async throws {
        let script: TestServer.Script = { received in
            ledger.react(received, verdict: received.stamp?.seq == 2 ? .refuse : .accept)
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r")
            for index in 0..<30 { run.log("loss", 0, step: index) }
            try await client.flush()
            #expect(try ledger.applied.metricSteps() == Array(10..<30))
            #expect(client.statistics.rejected == 10)
            #expect(client.statistics.acknowledged == 21)
            #expect(problems.all.map(\.kind) == [.rejected])
            #expect(problems.all.first?.records == 10)
            #expect(problems.all.first?.error?.kind == .shapeMismatch)
            await client.close()
        }
    }

    @Test func rowsThatTheServerDoesNotTakeAreCountedAsRejected() async throws {
        let script: TestServer.Script = { received in
            guard received.method == MetricsAppend.name else { return ledger.react(received) }
            return .result(
                #"{"stored":8,"rejected":[{"index":1,"kind":"invalid_params","message":"no"},"#
                    + #"{"index":4,"kind":"invalid_params","message":"no"}]}"#
            )
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r")
            for index in 0..<10 { run.log("loss", 0, step: index) }
            try await client.flush()
            #expect(client.statistics.rejected == 2)
            #expect(client.statistics.acknowledged == 9)
            #expect(problems.of(.rejected).map(\.message) == ["row 1: no"])
            await client.close()
        }
    }

    @Test func anAnswerThatNeverComesMakesANewConnection() async throws {
        let script: TestServer.Script = { received in
            received.connection == 1 && received.method == MetricsAppend.name ? .silence : ledger.react(received)
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server) { $0.requestTimeout = .milliseconds(300) }
            let run = try await client.startRun("r")
            for index in 0..<25 { run.log("loss", 0, step: index) }
            try await client.flush()
            #expect(try ledger.applied.metricSteps() == Array(0..<25))
            #expect(client.statistics.reconnects >= 1)
            #expect(problems.of(.waiting).first?.message.hasPrefix("timeout") == true)
            await client.close()
        }
    }

    @Test func aFullBufferHoldsTheLoggerUpUntilTheServerHasTakenEnough() async throws {
        let isOpen = Mutex(false)
        let script: TestServer.Script = { received in
            received.method == MetricsAppend.name && !isOpen.withLock { $0 }
                ? .refusal(.diskFull) : ledger.react(received)
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server) { $0.spoolBytes = 3000 }
            let run = try await client.startRun("r")
            let logged = Counter()
            inThread {
                for index in 0..<300 { run.log("loss", 0, step: index) }
                logged.increment()
            }
            try await eventually("the server postpones") { !problems.of(.waiting).isEmpty }
            #expect(logged.value == 0)
            #expect(client.statistics.queuedBytes <= 3000)
            isOpen.withLock { $0 = true }
            try await eventually("the logger is through") { logged.value == 1 }
            try await client.flush()
            let steps = try ledger.applied.metricSteps()
            #expect(steps == Array(0..<300))
            #expect(client.statistics.dropped == 0)
            await client.close()
        }
    }

    @Test func whatIsTooLargeForARestartedServerIsRejectedAndTheRestArrives() async throws {
        let smaller = Ledger(limits: FrameLimits(payload: 4000, attachments: 4000))
        let script: TestServer.Script = { received in
            received.connection == 1 ? ledger.greetingOnly(received) : smaller.react(received)
        }
        try await TestServer.serving(script) { server in
            let client = try client(of: server) { $0.startTimeout = .zero }
            let run = try await client.startRun("r")
            let pixels = try ArrayValue([UInt8](repeating: 1, count: 5000))
            let images = Task { try await client.insertImagesAndWait([.init(filename: "large", image: pixels)]) }
            try await eventually("the image is on its way") { server.received(ImagesInsert.name).count == 1 }
            for index in 0..<10 { run.log("loss", 0, step: index) }
            try await eventually("the metrics are on their way") { server.received(MetricsAppend.name).count == 1 }
            server.cutAll()
            try await client.flush()
            await #expect(throws: WireError.self) { try await images.value }
            #expect(client.statistics.rejected == 1)
            #expect(smaller.applied.map(\.method) == ["runs.start", "metrics.append"])
            await client.close()
        }
    }

    @Test func aStepThatTheServerWouldRefuseDoesNotTakeItsBatchAlong() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r")
            run.logStep(episode: "e", index: 0, reward: 1)
            run.logStep(episode: "e", index: 1, reward: .nan)
            run.logStep(episode: "", index: 2, reward: 1)
            run.logStep(episode: "e", index: -3, reward: 1)
            run.logStep(episode: "e", index: 4, action: 1 << 40, reward: 1)
            run.logStep(episode: "e", index: 5, reward: 1, timestamp: .infinity)
            run.logStep(episode: "e", index: 6, reward: 1)
            try await client.flush()
            let steps = try ledger.applied.stepIndices()
            #expect(steps == [0, 6])
            #expect(client.statistics.rejected == 5)
            #expect(problems.of(.rejected).count == 5)
            await client.close()
        }
    }

    @Test func aRestoredServerGetsTheRestUnderANewProducer() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            let run = try await client.startRun("r")
            for index in 0..<10 { run.log("loss", 0, step: index) }
            try await client.flush()
            ledger.wipe()
            server.cutAll()
            try await eventually("the client sees the cut") {
                for index in 10..<20 { run.log("loss", 0, step: index) }
                return !problems.of(.serverRestored).isEmpty
            }
            try await client.flush()
            let producers = Set(ledger.applied.compactMap(\.stamp?.producer))
            #expect(producers.count == 1)
            #expect(producers.isDisjoint(with: server.received(Hello.name).prefix(1).compactMap(\.helloProducer)))
            #expect(ledger.applied.first?.stamp?.seq == 1)
            await client.close()
        }
    }

    @Test func heartbeatsGoOutWhileTheRunIsOpenAndNotAfterwards() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server) { $0.heartbeatInterval = .milliseconds(10) }
            func beats(of runID: String) throws -> Int {
                try server.received(RunsHeartbeat.name).map { try $0.request.decode(RunsHeartbeat.self).runID }
                    .filter { $0 == runID }.count
            }
            let run = try await client.startRun("one")
            _ = try await client.startRun("two")
            try await eventually("heartbeats arrive") { try beats(of: "one") >= 3 }
            run.finish()
            // Behind any heartbeat that was on its way: both use one connection.
            _ = try await client.call(ServerPing())
            let (last, others) = (try beats(of: "one"), try beats(of: "two"))
            try await eventually("the other run's heartbeats go on") { try beats(of: "two") >= others + 3 }
            #expect(try beats(of: "one") == last)
            await client.close()
        }
    }

    @Test func helloCarriesTheTokenAndTheProducer() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(of: server)
            _ = try await client.startRun("r")
            let hello = try #require(server.received(Hello.name).first).request.decode(Hello.self)
            #expect(hello.token == "secret")
            #expect(hello.client == ClientOptions().clientName)
            #expect(hello.producer == server.received(RunsStart.name).first?.stamp?.producer)
            await client.close()
        }
    }
}

extension TestServer.Received {
    /// The producer that `hello` asked for.
    fileprivate var helloProducer: String? { (try? request.decode(Hello.self))?.producer }
}
