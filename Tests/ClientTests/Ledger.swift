import NIOCore
import Synchronization
import Wire

@testable import Holdfast

/// What a server remembers: it keeps the rules of numbered writes and answers everything politely.
final class Ledger: Sendable {
    typealias Model = SequenceModel<TestServer.Received>

    private let model = Mutex(Model())
    private let limits: FrameLimits

    init(limits: FrameLimits = FrameLimits()) { self.limits = limits }

    /// The writes that were applied, in order.
    var applied: [TestServer.Received] { model.withLock { $0.applied } }

    /// Forgets everything.
    func wipe() { model.withLock { $0 = Model() } }

    /// Answers everything.
    var script: TestServer.Script { { self.react($0) } }

    /// Answers `hello` and nothing else.
    var greetingOnly: TestServer.Script { { $0.method == Hello.name ? self.react($0) : .silence } }

    /// Answers a request; what is said of a write counts only when it is that write's turn.
    func react(_ received: TestServer.Received, verdict: Model.Verdict = .accept) -> TestServer.Reaction {
        if received.method == Hello.name { return hello(received) }
        guard let stamp = received.stamp else { return .result(Self.result(of: received.method)) }
        switch model.withLock({ $0.receive(received, stamp, verdict: verdict).answer }) {
        case .accepted: return .result(Self.result(of: received.method))
        case .refused: return .refusal(.shapeMismatch)
        case .postponed: return .refusal(.diskFull)
        case .gap(let expected): return .refusal(.sequenceGap, ["expected": .integer(expected)])
        }
    }

    private func hello(_ received: TestServer.Received) -> TestServer.Reaction {
        do {
            let producer = try received.request.decode(Hello.self).producer
            let last = producer.map { producer in model.withLock { $0.lastSeq[producer, default: 0] } }
            let result = Hello.Result(server: "test/1", limits: limits, producer: last.map { .init(lastSeq: $0) })
            return .answer(.result(try JSONCoding.encode(result), attachments: []))
        } catch {
            return .refusal(.invalidParams)
        }
    }

    private static func result(of method: String) -> String {
        switch method {
        case RunsStart.name: #"{"run_id":"r","resumed":false}"#
        case MetricsAppend.name: #"{"stored":1,"rejected":[]}"#
        case ImagesInsert.name: #"{"inserted":2,"duplicates":[],"ids":[7,8]}"#
        case ServerPing.name: #"{"time":1.5,"roles":["read","ingest"]}"#
        default: "{}"
        }
    }
}

extension [TestServer.Received] {
    /// The `step_index` of all steps, in order.
    func stepIndices() throws -> [Int64] {
        try filter { $0.method == StepsAppend.name }.flatMap { received in
            try received.request.decode(StepsAppend.self).columns?.stepIndex.integers() ?? []
        }
    }

    /// The `step` of all metrics, in order.
    func metricSteps() throws -> [Int64] {
        try filter { $0.method == MetricsAppend.name }.flatMap { received in
            try received.request.decode(MetricsAppend.self).columns.map { blocks in
                blocks.flatMap { block -> [Int64] in
                    if case .numbers(let column) = block.columns["step"] { column.values.integers() ?? [] } else { [] }
                }
            } ?? []
        }
    }
}
