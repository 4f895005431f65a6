import Foundation
import Testing
import Wire

@testable import Holdfast

@Suite(.timeLimit(.minutes(1))) struct SpoolDeliveryTests {
    private let problems = Problems()
    private let folder = TemporaryFolder()
    private let ledger = Ledger()

    private func client(_ address: String, _ change: (inout ClientOptions) -> Void = { _ in }) throws -> HoldfastClient
    {
        var options = ClientOptions.forTests(problems)
        options.spoolDirectory = folder.path
        options.startTimeout = .zero
        change(&options)
        return try HoldfastClient(server: address, options: options)
    }

    /// Segments and states of spools.
    private var left: [String] { folder.names.filter { $0.contains("/") && !$0.hasPrefix("rejected") } }

    @Test func whatIsDeliveredLeavesNothingBehind() async throws {
        try await TestServer.serving(ledger.script) { server in
            let client = try client(server.address)
            let run = try await client.startRun("r")
            for step in 0..<5000 { run.log("loss", 0, step: step) }
            #expect(await client.close(deadline: .seconds(60)).isEmpty)
            #expect(try ledger.applied.metricSteps() == Array(0..<5000))
        }
        try await eventually("the spool is removed") { left.isEmpty }
    }

    @Test func theNextProcessSendsWhatOneLeft() async throws {
        try await TestServer.serving(ledger.script) { server in
            var address = ""
            do {
                // A server that greets, takes the start of the run, and is gone in the middle of it.
                let deaf: TestServer.Script = { ledger.react($0, verdict: .postpone) }
                try await TestServer.serving(deaf) { first in
                    address = first.address
                    let client = try client(address)
                    let run = try await client.startRun("r")
                    for step in 0..<500 { run.log("loss", 0, step: step) }
                    try await eventually("requests are on their way") { !first.received(RunsStart.name).isEmpty }
                    let unsent = await client.close(deadline: .milliseconds(50))
                    #expect(unsent.records == 501)
                }
            }
            #expect(!left.isEmpty)
            try await TestServer.serving(port: try #require(Int(address.split(separator: ":")[1])), ledger.script) {
                _ in
                let client = try client(address)
                _ = try await client.startRun("other")
                #expect(await client.close(deadline: .seconds(30)).isEmpty)
                #expect(try ledger.applied.metricSteps() == Array(0..<500))
                #expect(ledger.applied.filter { $0.method == RunsStart.name }.count == 2)
            }
            withExtendedLifetime(server) {}
        }
        try await eventually("the spools are removed") { left.isEmpty }
    }

    @Test func aSpoolThatIsFullDropsOrWaitsAsAsked() async throws {
        try await TestServer.serving(TestServer.silent) { server in
            let client = try client(server.address) {
                $0.spoolBytes = 10_000
                $0.metricsWhenFull = .drop
            }
            let run = try await client.startRun("r")
            for step in 0..<1000 { run.log("loss", 0, step: step) }
            let statistics = client.statistics
            #expect(statistics.queuedBytes <= 10_000)
            #expect(statistics.dropped > 500)
            #expect(statistics.queued + statistics.dropped == 1001)
            try await eventually("the drops are told") { problems.of(.dropped).reduce(0) { $0 + $1.records } > 500 }
            await client.close(deadline: .zero)
        }
    }

    @Test func aRefusedRequestIsKept() async throws {
        let script: TestServer.Script = { received in
            ledger.react(received, verdict: received.method == MetricsAppend.name ? .refuse : .accept)
        }
        try await TestServer.serving(script) { server in
            let client = try client(server.address)
            let run = try await client.startRun("r")
            run.log("loss", 0.5, step: 7)
            try await client.flush()
            let names = folder.names.filter { $0.hasPrefix("rejected/") }
            #expect(names.count == 2)
            let frame = try #require(names.first { $0.hasSuffix(".frame") })
            let bytes = try #require(FileManager.default.contents(atPath: "\(folder.path)/\(frame)"))
            #expect(bytes.range(of: Data("training_metrics".utf8)) != nil)
            await client.close()
        }
    }

    @Test func manyClientsShareAFolder() async throws {
        try await TestServer.serving(ledger.script) { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let client = try client(server.address)
                        let run = try await client.startRun("r\(number)")
                        for step in 0..<200 { run.log("loss", 0, step: step) }
                        #expect(await client.close(deadline: .seconds(60)).isEmpty)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try ledger.applied.metricSteps().count == 1600)
        }
    }

    @Test func aFolderThatCanNotBeMadeIsToldAtOnce() async throws {
        let client = try client("127.0.0.1:1") { $0.spoolDirectory = "/proc/nothing" }
        let error = await #expect(throws: HoldfastError.self) { try await client.startRun("r") }
        #expect(error?.code == .spool)
        await client.close(deadline: .zero)
    }

    @Test func whatHoldsUpIsToldAndNotWhatWaitsBehind() async throws {
        let script: TestServer.Script = { ledger.react($0, verdict: .postpone) }
        try await TestServer.serving(script) { server in
            let client = try client(server.address)
            let run = try await client.startRun("r")
            for step in 0..<100 { run.log("loss", 0, step: step) }
            try await eventually("it was tried again") { server.received.count > 30 }
            #expect(problems.of(.waiting).allSatisfy { $0.error?.kind == .diskFull })
            #expect(problems.of(.waiting).count == 1)
            await client.close(deadline: .zero)
        }
    }
}
