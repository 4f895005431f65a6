import Foundation
import NIOCore
import Testing
import Wire

@testable import Holdfast

/// Spools as processes leave them, and as their processes still fill them.
@Suite(.timeLimit(.minutes(1))) struct SpoolRecoveryTests {
    private let problems = Problems()
    private let folder = TemporaryFolder()
    private let ledger = Ledger()

    private var options: ClientOptions {
        var options = ClientOptions.forTests(problems)
        options.spoolDirectory = folder.path
        options.startTimeout = .zero
        return options
    }

    private func metric(_ step: Int) -> MetricRecord {
        MetricRecord(runID: "r", name: "loss", value: 0, step: Int64(step), timestamp: 1)
    }

    private func append(_ steps: Range<Int>, to writer: SpoolWriter) throws {
        for step in steps { _ = try writer.append(metric(step)) }
    }

    /// A spool with its state, and its writer as long as its process lives.
    private func spool(_ name: String = Producer.make(), origin: SpoolState.Origin? = nil) throws -> SpoolWriter {
        let writer = try SpoolWriter(folder: "\(folder.path)/\(name)", segmentSize: 4096)
        var state = SpoolState(producer: name, server: "host:1")
        state.origin = origin
        try SpoolStateFile(folder: writer.folder).write(state)
        return writer
    }

    private func sync(_ server: TestServer) async throws -> HoldfastClient.SyncReport {
        try await HoldfastClient.sync(
            directory: folder.path,
            server: server.address,
            options: options,
            deadline: .seconds(20)
        )
    }

    @Test func aLivingProcessIsCaughtUpWithAndItsSpoolStays() async throws {
        try await TestServer.serving(ledger.script) { server in
            var writer: SpoolWriter? = try spool()
            try append(0..<500, to: try #require(writer))
            #expect(try await sync(server).left == 1)
            #expect(try ledger.applied.metricSteps() == Array(0..<500))
            try append(500..<700, to: try #require(writer))
            writer = nil
            #expect(try await sync(server).left == 0)
            #expect(try ledger.applied.metricSteps() == Array(0..<700))
        }
    }

    @Test func whatIsToComeFirstComesFirst() async throws {
        try await TestServer.serving(ledger.script) { server in
            // The names are in the order in which spools are looked at.
            let parent = "ffffffff-0000-4000-8000-000000000000"
            do {
                let writer = try spool(parent)
                try append(0..<300, to: writer)
                for child in 1...8 {
                    let origin = SpoolState.Origin(spool: parent, place: writer.end)
                    try append(1000 * child..<1000 * child + 5, to: try spool(origin: origin))
                }
            }
            #expect(try await sync(server).left == 0)
            let steps = try ledger.applied.metricSteps()
            #expect(Array(steps.prefix(300)) == Array(0..<300))
            #expect(steps.count == 340)
        }
    }

    /// Trouble with the disk, or too many open files, must not look like the end of a spool.
    @Test func whatCanNotBeReadIsKept() async throws {
        try await TestServer.serving(ledger.script) { server in
            let path = try spool().folder
            let segment = "\(path)/\(Segment.name(base: 0))"
            try FileManager.default.createDirectory(atPath: segment, withIntermediateDirectories: false)
            let report = try await sync(server)
            #expect(report.left == 1 && report.damaged == 0)
            #expect(FileManager.default.fileExists(atPath: segment))
            #expect(problems.of(.waiting).contains { $0.message.contains("can't be read") })
        }
    }

    @Test func aSegmentWithoutAHeaderIsNotKeptOpen() throws {
        let spool = SpoolFolder(path: "\(folder.path)/\(Producer.make())")
        try Files.makeFolder(spool.path)
        let segment = "\(spool.path)/\(Segment.name(base: 0))"
        try Data(Segment.magic).write(to: URL(fileURLWithPath: segment))
        #expect(try SpoolReader(spool).entry(at: 0) == nil)
        let open = try Files.names(in: "/proc/self/fd").compactMap { name in
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
        }
        #expect(!open.contains(segment))
    }

    @Test func aRecordThatThisVersionDoesNotKnowIsSetAsideWithWhatFollows() async throws {
        struct Unknown: Spoolable {
            static let kind = SpoolRecord.Kind.request
            let size = 4 + 7 + 4 + 4
            func write(to writer: inout ByteWriter) {
                writer.write("not.yet")
                writer.write(UInt32(0))
                writer.write(UInt32(0))
            }
            init() {}
            init(from bytes: inout ByteBuffer) throws { throw SpoolDamage.record }
        }
        try await TestServer.serving(ledger.script) { server in
            do {
                let writer = try spool()
                try append(0..<25, to: writer)
                _ = try writer.append(Unknown())
                try append(25..<30, to: writer)
            }
            let report = try await sync(server)
            #expect(report.left == 0 && report.damaged == 1)
            #expect(try ledger.applied.metricSteps() == Array(0..<25))
            #expect(problems.of(.damaged).count == 1)
            #expect(folder.names.contains { $0.hasPrefix("damaged-") && $0.hasSuffix(".segment") })
        }
    }

    /// A process that was killed between the state of a batch that can't be sent and that of the next.
    @Test func aBatchWithoutRequestsIsDoneWith() async throws {
        try await TestServer.serving(ledger.script) { server in
            do {
                let writer = try spool()
                try append(0..<10, to: writer)
                let end = writer.end
                try append(10..<20, to: writer)
                var state = SpoolState(producer: "p", server: "host:1")
                state.cuts = [
                    .init(start: 0, end: end, payloadLimit: 1000, attachmentsLimit: 0, firstSeq: 1, parts: [])
                ]
                try SpoolStateFile(folder: writer.folder).write(state)
            }
            #expect(try await sync(server).left == 0)
            #expect(try ledger.applied.metricSteps() == Array(10..<20))
        }
    }

    @Test func aClosedClientLeavesItsSpoolToOthers() async throws {
        let client = try HoldfastClient(server: "127.0.0.1:1", options: options)
        let run = try await client.startRun("r")
        run.log("loss", 0, step: 7)
        #expect(await client.close(deadline: .zero).records == 2)
        try await TestServer.serving(ledger.script) { server in
            let report = try await sync(server)
            #expect(report.left == 0)
            let steps = try ledger.applied.metricSteps()
            #expect(steps == [7])
        }
        withExtendedLifetime(run) {}
    }
}
