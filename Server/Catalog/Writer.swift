import GRDB
import HDF5
import Logging
import NIOCore
import Synchronization
import Wire

/// Owns the only connection that writes.
///
/// Writes queue up; each turn takes everything that waits, applies it in one transaction, puts the arrays into their files,
/// commits, and answers. Nobody waits for a timer: a lone write commits at once, and under load a commit carries whatever
/// came while the last one ran.
///
/// A group that has a refused write is rolled back and applied again, then with a savepoint for each write: inside of one
/// SQLite keeps a copy of each page that changes, which half of the pages that an import writes would be. So writes may be
/// applied more than once, and change nothing but the transaction.
actor Writer {
    typealias Completion = @Sendable (Response.Outcome) -> Void

    private struct Pending {
        let operation: WriteOperation
        let completion: Completion
    }

    private struct Queue {
        var pending: [Pending] = []
        /// What is to be done between two commits.
        var pauses: [@Sendable () -> Void] = []
        var isScheduled = false
        /// Whether what waits will be looked at without anybody's asking.
        var isDelayed = false
    }

    private static let noteDelay = Duration.milliseconds(50)

    private let pool: DatabasePool
    nonisolated let checkpointer: Checkpointer
    private let arrays: ArrayStore
    private let durability: Durability
    private let logger = Logger(label: "holdfast.writer")
    let meter = CommitMeter()
    private let queue = Mutex(Queue())
    // SQLite and fsync block: they get a thread of their own instead of one of the shared pool's.
    private let executor = QueueExecutor(label: "holdfast.writer")
    /// Set once a commit could not be synced: nobody knows then whether it will be there after a restart, so nothing may
    /// be written any more that relies on its not being there.
    private var failure: WireError?
    /// Whether the last group had a refused write, as the next one then may.
    private var expectsRefusals = false
    /// Why the last group was not committed; nil when it was.
    private let lastFailure = Mutex<WireError?>(nil)
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    /// - Parameter path: The pool's.
    init(pool: DatabasePool, path: String, arrays: ArrayStore, durability: Durability) throws {
        self.pool = pool
        checkpointer = try Checkpointer(path: path)
        self.arrays = arrays
        self.durability = durability
        pool.writeWithoutTransaction { [checkpointer] in checkpointer.serve($0) }
    }

    /// The number of writes that wait for the next commit.
    nonisolated var depth: Int { queue.withLock { $0.pending.count } }

    /// Why writes are refused; nil when they are not. Where the last commit failed, another one, that changes nothing, tells
    /// whether the next will.
    nonisolated func trial() async -> WireError? {
        guard lastFailure.withLock({ $0 }) != nil else { return nil }
        let outcome = await perform(
            WriteOperation(stamp: nil) { transaction in
                try transaction.connection.execute("UPDATE settings SET value = value")
                return ByteBuffer()
            }
        )
        guard case .failure(let error) = outcome else { return nil }
        return error
    }

    /// Folds the write-ahead log into the database, when nothing is written any more.
    nonisolated func close() throws {
        try pool.writeWithoutTransaction { [checkpointer] database in
            try checkpointer.close(database)
            _ = try database.checkpoint(.truncate)
        }
    }

    /// Queues a write; writes are applied and completed in the order of these calls.
    nonisolated func submit(_ operation: WriteOperation, completion: @escaping Completion) {
        let mustSchedule = queue.withLock { queue in
            queue.pending.append(Pending(operation: operation, completion: completion))
            defer { queue.isScheduled = true }
            return !queue.isScheduled
        }
        // Unstructured, because a write that is queued must be carried out whatever becomes of its connection.
        if mustSchedule { Task { await drain() } }
    }

    /// Queues a record that nobody waits for, in order with the writes: it is committed with the next of them, or a moment
    /// later. A commit for each would cost the readers more of the processor than what is recorded of them.
    nonisolated func note(_ operation: WriteOperation) {
        let mustDelay = queue.withLock { queue in
            queue.pending.append(Pending(operation: operation) { _ in })
            defer { queue.isDelayed = true }
            return !queue.isDelayed
        }
        if mustDelay {
            Task {
                try? await Task.sleep(for: Self.noteDelay)
                let mustSchedule = queue.withLock { queue in
                    queue.isDelayed = false
                    guard !queue.pending.isEmpty, !queue.isScheduled else { return false }
                    queue.isScheduled = true
                    return true
                }
                if mustSchedule { await drain() }
            }
        }
    }

    /// Queues a write and waits for its answer.
    nonisolated func perform(_ operation: WriteOperation) async -> Response.Outcome {
        await withCheckedContinuation { continuation in
            submit(operation) { continuation.resume(returning: $0) }
        }
    }

    /// Waits until what was queued before is committed or refused.
    nonisolated func earlierWrites() async { _ = await perform(WriteOperation(stamp: nil) { _ in ByteBuffer() }) }

    /// Does something that may block between two commits, on the writer's thread.
    nonisolated func between(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let mustSchedule = queue.withLock { queue in
                queue.pauses.append { continuation.resume(with: Result(catching: body)) }
                defer { queue.isScheduled = true }
                return !queue.isScheduled
            }
            // Unstructured, as for a write.
            if mustSchedule { Task { await drain() } }
        }
    }

    private func drain() {
        while true {
            let (group, pauses) = queue.withLock { queue in
                defer { (queue.pending, queue.pauses) = ([], []) }
                if queue.pending.isEmpty, queue.pauses.isEmpty { queue.isScheduled = false }
                return (queue.pending, queue.pauses)
            }
            for pause in pauses { pause() }
            if group.isEmpty {
                if pauses.isEmpty { return }
                continue
            }
            let start = ContinuousClock.now
            let (outcomes, failure) = commit(group.map(\.operation))
            lastFailure.withLock { $0 = failure }
            meter.record(group.count, in: ContinuousClock.now - start, hasFailed: failure != nil)
            for (pending, outcome) in zip(group, outcomes) { pending.completion(outcome) }
        }
    }

    /// Applies a group; when an array file fails, again without the writes to that file.
    ///
    /// - Returns: The answers, and why the group was not committed, if it was not.
    private func commit(_ group: [WriteOperation]) -> ([Response.Outcome], WireError?) {
        var barred: [String: WireError] = [:]
        var hasSavepoints = expectsRefusals
        while true {
            if let failure { return (group.map { _ in .failure(failure) }, failure) }
            let attempt: Attempt
            do {
                attempt = try pool.writeWithoutTransaction { database in
                    try apply(group, hasSavepoints: hasSavepoints, barred: barred, to: Connection(database))
                }
            } catch {
                let failure = Self.wireError(error)
                logger.error("commit failed", metadata: ["error": "\(error)", "writes": "\(group.count)"])
                return (group.map { _ in .failure(failure) }, failure)
            }
            switch attempt {
            case .committed(let outcomes):
                expectsRefusals = outcomes.contains { if case .failure = $0 { true } else { false } }
                return (outcomes, nil)
            case .refused: hasSavepoints = true
            case .filesFailed(let failures):
                for (run, error) in failures {
                    logger.error("array file failed", metadata: ["run": "\(run)", "error": "\(error)"])
                }
                barred.merge(failures) { $1 }
            }
        }
    }

    private enum Attempt {
        case committed([Response.Outcome])
        /// A write of a group without savepoints was refused: nothing is done.
        case refused
        case filesFailed([String: WireError])
    }

    private func apply(
        _ group: [WriteOperation],
        hasSavepoints: Bool,
        barred: [String: WireError],
        to connection: Connection
    ) throws -> Attempt {
        try connection.execute("BEGIN IMMEDIATE")
        let transaction = WriteTransaction(
            connection: connection,
            time: Timestamp.now(),
            arrays: ArrayStage(store: arrays, barred: barred)
        )
        do {
            guard let outcomes = try outcomes(of: group, hasSavepoints: hasSavepoints, transaction) else {
                try connection.execute("ROLLBACK")
                arrays.discard(transaction.arrays)
                return .refused
            }
            let failures = arrays.write(transaction.arrays, synchronize: durability == .full)
            guard failures.isEmpty else {
                try connection.execute("ROLLBACK")
                arrays.discard(transaction.arrays)
                return .filesFailed(failures)
            }
            try commit(connection)
            transaction.committed()
            return .committed(outcomes)
        } catch {
            if connection.isInsideTransaction { try connection.execute("ROLLBACK") }
            arrays.discard(transaction.arrays)
            throw error
        }
    }

    private func commit(_ connection: Connection) throws {
        do {
            try connection.execute("COMMIT")
        } catch let error as SQLError where error.isInputOutput {
            let failure = WireError(
                .internalError,
                "the database telemetry.sqlite could not be written (\(error.message)); see that its disk is well and may be written: the server takes no more writes until it is restarted"
            )
            self.failure = failure
            throw failure
        }
    }

    /// Applies writes; nil if one was refused that has no savepoint. Throws only when the transaction is lost.
    private func outcomes(
        of group: [WriteOperation],
        hasSavepoints: Bool,
        _ transaction: WriteTransaction
    ) throws -> [Response.Outcome]? {
        if hasSavepoints { return try group.map { try apply($0, to: transaction) } }
        do {
            return try group.map { try answer($0, transaction) }
        } catch {
            guard transaction.connection.isInsideTransaction else { throw error }
            return nil
        }
    }

    /// Applies one write in a savepoint. Throws only when the transaction is lost.
    private func apply(_ operation: WriteOperation, to transaction: WriteTransaction) throws -> Response.Outcome {
        do {
            return try transaction.withSavepoint { try answer(operation, transaction) }
        } catch {
            guard transaction.connection.isInsideTransaction else { throw error }
            let refusal = Self.wireError(error)
            if refusal.kind == .internalError {
                logger.error("write failed", metadata: ["error": "\(error)"])
            }
            if refusal.isFinal, let stamp = operation.stamp {
                try Producers.record(
                    stamp,
                    of: operation.method,
                    answer: try JSONCoding.encode(refusal),
                    isRefusal: true,
                    at: transaction.timestamp,
                    transaction.connection
                )
            }
            return .failure(refusal)
        }
    }

    private func answer(_ operation: WriteOperation, _ transaction: WriteTransaction) throws -> Response.Outcome {
        guard let stamp = operation.stamp else {
            return .result(try operation.apply(transaction), attachments: [])
        }
        if case .answered(let outcome) = try Producers.position(of: stamp, operation.method, transaction.connection) {
            return operation.refusal.map { .failure($0) } ?? outcome
        }
        let result = try operation.apply(transaction)
        try Producers.record(
            stamp,
            of: operation.method,
            answer: operation.keepsAnswer ? result : ByteBuffer(string: "{}"),
            isRefusal: false,
            at: transaction.timestamp,
            transaction.connection
        )
        return .result(result, attachments: [])
    }

    private static func wireError(_ error: any Error) -> WireError {
        switch error {
        case let error as WireError: error
        case let error as SQLError: error.wireError
        case let error as DatabaseError: SQLError(error).wireError
        default: WireError(.internalError, "the write failed: \(error)")
        }
    }
}
