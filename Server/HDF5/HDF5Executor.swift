import CHDF5
import Dispatch

/// The one thread of execution on which all calls of the library run: it has a global lock anyway, and its error
/// state is per thread.
package actor HDF5Executor {
    private nonisolated let executor = QueueExecutor(label: "holdfast.hdf5")
    private nonisolated var queue: DispatchQueue { executor.queue }

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init() throws(HDF5Error) {
        let registration = executor.queue.sync {
            // At exit the library would go through what it believes is open; after a close that failed, for a full disk, it
            // would follow ids of files that are gone. Whoever holds a file closes it.
            H5dont_atexit()
            ErrorStack.silence()
            return LZFFilter.registration
        }
        if let registration { throw registration }
    }

    /// Runs a job in its turn.
    package func run<Result: Sendable, Failure: Error>(
        _ job: @Sendable () throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        ErrorStack.silence()
        defer { FaultNotes.leave() }
        return try job()
    }

    /// Runs a job in its turn and blocks until it is done: for threads that may wait, such as the database writer's.
    package nonisolated func sync<Result, Failure: Error>(
        _ job: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let result = queue.sync { () -> Swift.Result<Result, Failure> in
            ErrorStack.silence()
            defer { FaultNotes.leave() }
            do throws(Failure) {
                return .success(try job())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Runs a job some time later: for what an object leaves behind when it goes away.
    nonisolated func later(_ job: @escaping @Sendable () -> Void) {
        queue.async {
            ErrorStack.silence()
            job()
            FaultNotes.leave()
        }
    }

    /// Traps where code that calls the library runs elsewhere.
    nonisolated func assertIsCurrent() {
        dispatchPrecondition(condition: .onQueue(queue))
    }
}
