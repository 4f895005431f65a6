import Foundation
import HDF5
import NIOCore
import Testing
import Wire

@testable import Server

/// All domains over a data directory of their own, called through the method table as the doors do.
final class TestData: Sendable {
    let directory: TemporaryDirectory
    let catalog: Catalog
    let arrays: ArrayStore
    let labels: Labels
    let dispatcher: Dispatcher
    let gate: Gate
    let readiness: Readiness
    /// Where the free bytes are counted: not `directory`, which is to be free for another instance.
    private let elsewhere: TemporaryDirectory

    /// - Parameter directory: Of an earlier instance that was closed, to open its data again.
    init(
        _ settings: LabelSettings = .standard,
        in directory: TemporaryDirectory? = nil,
        durability: Durability = .process,
        holdoutLooks: Int? = nil
    ) throws {
        self.directory = try directory ?? TemporaryDirectory()
        elsewhere = try TemporaryDirectory()
        let place = try DataDirectory(self.directory.path)
        arrays = try ArrayStore(directory: place.arrays, repairs: RepairHere())
        catalog = try Catalog(
            path: place.database,
            durability: durability,
            migrations: Schema.migrations(settings),
            arrays: arrays
        )
        labels = Labels(catalog: catalog, arrays: arrays, settings: settings, holdoutLooks: holdoutLooks)
        let metrics = Metrics(catalog: catalog)
        let counted = try DataDirectory(elsewhere.path)
        readiness = Readiness(writer: catalog.writer, directory: counted)
        var table = MethodTable()
        ServerMethods(
            catalog: catalog,
            directory: counted,
            started: Timestamp.now()
        ).register(in: &table)
        RunMethods(
            catalog: catalog,
            arrays: arrays,
            dependents: [Replay.dependent, metrics.dependent, Labels.dependent, Provenance.dependent]
        ).register(in: &table)
        Replay(catalog: catalog, arrays: arrays, isHeldOut: Labels.isHeldOut).register(in: &table)
        let sources = [RunStore.lineageSource] + Replay.lineageSources + Labels.lineageSources
        Provenance(catalog: catalog, arrays: arrays, sources: sources).register(in: &table)
        metrics.register(in: &table)
        labels.register(in: &table)
        gate = Gate(token: nil)
        Tokens(catalog: catalog, gate: gate).register(in: &table)
        AuditLog(catalog: catalog).register(in: &table)
        dispatcher = Dispatcher(table: table, writer: catalog.writer)
    }

    /// Ends as a server does that is told to stop.
    func close() async throws {
        arrays.closeAll()
        try catalog.markFilesClosed(except: arrays.unrepairedRuns)
        arrays.journal.clear()
        try catalog.close()
    }

    // MARK: Calls

    /// A producer for tests that count its requests.
    static let producer = "00000000-0000-4000-8000-00000000000a"

    /// What a method is answered with.
    func outcome<M: Method>(
        _ method: M,
        stamp: ProducerStamp? = nil,
        limits: FrameLimits = FrameLimits()
    ) async throws -> Response.Outcome {
        await dispatcher.outcome(of: try Self.request(method, stamp: stamp), Self.context(limits))
    }

    /// The result of a method; its refusal is thrown. An ingest method without a stamp gets one of a new producer.
    @discardableResult
    func call<M: Method>(_ method: M, stamp: ProducerStamp? = nil) async throws -> M.Result {
        switch try await outcome(method, stamp: stamp ?? Self.standardStamp(M.self)) {
        case .failure(let error): throw error
        case .result(let bytes, let attachments):
            return try JSONCoding.decode(M.Result.self, from: bytes, attachments: attachments)
        }
    }

    /// The error that a method is refused with; that it is not refused fails the test.
    func refusal<M: Method>(
        _ method: M,
        stamp: ProducerStamp? = nil,
        limits: FrameLimits = FrameLimits(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> WireError? {
        let outcome = try await outcome(method, stamp: stamp ?? Self.standardStamp(M.self), limits: limits)
        guard case .failure(let error) = outcome else {
            Issue.record("\(M.name) was not refused", sourceLocation: sourceLocation)
            return nil
        }
        return error
    }

    /// What a request in plain JSON is answered with, as text.
    func answer(_ method: String, _ params: String) async throws -> Response.Outcome {
        let payload = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
        let request = try Request(try Frame(payload: ByteBuffer(string: payload)))
        return await dispatcher.outcome(of: request, Self.context(FrameLimits()))
    }

    static func context(_ limits: FrameLimits) -> CallContext {
        CallContext(arrayEncoding: .attachment, limits: limits, access: .holdout, earlierWrites: {})
    }

    /// A request as it arrives: encoded, cut out of the stream of bytes, read.
    static func request(_ method: some Method, stamp: ProducerStamp? = nil) throws -> Request {
        var decoder = FrameDecoder(limits: FrameLimits())
        for buffer in try Request.encode(method, id: .integer(1), stamp: stamp) { decoder.append(buffer) }
        guard case .frame(let frame) = try decoder.next() else {
            throw WireError(.internalError, "the request is not one whole frame")
        }
        return try Request(frame)
    }

    static func standardStamp<M: Method>(_ type: M.Type) -> ProducerStamp? {
        M.effect == .ingest ? ProducerStamp(producer: UUID().uuidString, seq: 1) : nil
    }

    // MARK: SQL

    func integers(_ sql: String, _ arguments: SQLValue...) async throws -> [Int64?] {
        try await catalog.read { try $0.rows(sql, arguments) { $0.optionalInteger(0) } }
    }

    func strings(_ sql: String, _ arguments: SQLValue...) async throws -> [String?] {
        try await catalog.read { try $0.rows(sql, arguments) { $0.optionalString(0) } }
    }

    /// Changes rows behind the server's back.
    func change(_ sql: String, _ arguments: SQLValue...) throws {
        try catalog.writeNow { connection in
            let statement = try connection.statement(sql)
            try statement.bind(arguments)
            try statement.execute()
        }
    }
}
