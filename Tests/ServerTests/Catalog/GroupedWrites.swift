import Dispatch
import NIOCore
import Testing
import Wire

@testable import Server

/// Makes the writer apply several writes in one transaction: it is kept busy until all of them wait.
struct GroupedWrites {
    /// How the writes of a group ended, and in which order that was told.
    struct Report: Sendable {
        var outcomes: [Int: Response.Outcome] = [:]
        var order: [Int] = []

        /// The kind of error of a write; nil if it was applied.
        func refusal(_ index: Int) -> WireError.Kind? {
            guard case .failure(let error)? = outcomes[index] else { return nil }
            return error.kind
        }
    }

    private let data: TestData
    private var operations: [WriteOperation] = []

    init(_ data: TestData) { self.data = data }

    /// Adds a write as a door would submit it.
    mutating func add<M: Method>(_ method: M, stamp: ProducerStamp? = nil) async throws {
        let stamp = stamp ?? TestData.standardStamp(M.self)
        let request = try TestData.request(method, stamp: stamp)
        guard case .write(let prepare) = try data.dispatcher.handler(of: request).get() else {
            throw WireError.invalidParams("\(M.name) is a read")
        }
        operations.append(await prepare(request, TestData.context(FrameLimits())))
    }

    /// Adds a write that is not a method's.
    mutating func add(_ apply: @escaping @Sendable (WriteTransaction) throws -> Void) {
        operations.append(
            WriteOperation(stamp: nil) { transaction in
                try apply(transaction)
                return ByteBuffer(string: "{}")
            }
        )
    }

    /// Submits all writes at once and waits for their outcomes.
    func run() async throws -> Report {
        let writer = data.catalog.writer
        let isComplete = DispatchSemaphore(value: 0)
        let (busy, begin) = AsyncStream<Void>.makeStream()
        async let first = writer.perform(
            WriteOperation(stamp: nil) { _ in
                begin.finish()
                // Blocks the writer's thread only.
                guard isComplete.wait(timeout: .now() + 60) == .success else {
                    throw WireError(.internalError, "the group was not submitted")
                }
                return ByteBuffer(string: "{}")
            }
        )
        for await _ in busy {}
        let (ends, end) = AsyncStream<(Int, Response.Outcome)>.makeStream()
        for (index, operation) in operations.enumerated() {
            writer.submit(operation) { end.yield((index, $0)) }
        }
        #expect(writer.depth == operations.count)
        isComplete.signal()
        if case .failure(let error) = await first { throw error }
        var report = Report()
        for await (index, outcome) in ends {
            report.outcomes[index] = outcome
            report.order.append(index)
            if report.order.count == operations.count { break }
        }
        return report
    }
}
