import Dispatch
import Foundation

/// Compresses and decompresses on threads of its own, as many at a time as there are cores, so that neither the network nor
/// the writer waits for it.
final class CodecPool: TaskExecutor {
    private let queue = DispatchQueue(label: "holdfast.codec", attributes: .concurrent)
    private let width = ProcessInfo.processInfo.activeProcessorCount

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// Runs one piece of work on a thread of the pool.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withTaskExecutorPreference(self) { try work() }
    }

    /// Applies a transform to every element, in parallel and in order.
    func map<Element: Sendable, Value: Sendable>(
        _ elements: [Element],
        _ transform: @escaping @Sendable (Element) throws -> Value
    ) async throws -> [Value] {
        let slices = min(elements.count, width)
        guard slices > 1 else {
            return try await run { try elements.map(transform) }
        }
        return try await withThrowingTaskGroup(of: (Int, [Value]).self) { group in
            for slice in 0..<slices {
                let range = (elements.count * slice / slices)..<(elements.count * (slice + 1) / slices)
                group.addTask(executorPreference: self) { (slice, try elements[range].map(transform)) }
            }
            var parts = [[Value]](repeating: [], count: slices)
            for try await (slice, values) in group { parts[slice] = values }
            return parts.flatMap { $0 }
        }
    }
}
