import Glibc
import HDF5
import Testing

struct HDF5ExecutorTests {
    @Test func jobsOfBothKindsRunOneAtATime() async throws {
        let executor = try HDF5Executor()
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<50 {
                group.addTask {
                    if task.isMultiple(of: 2) {
                        await executor.run { counter.increment() }
                    } else {
                        executor.sync { counter.increment() }
                    }
                }
            }
        }
        #expect(await executor.run { counter.value } == 50)
    }

    @Test func errorsComeThroughWithTheirType() async throws {
        let executor = try HDF5Executor()
        let failure = HDF5Error(.invalid, "test", "it", "because")
        let awaited = await #expect(throws: HDF5Error.self) {
            try await executor.run { () throws(HDF5Error) -> Int in throw failure }
        }
        let waited = #expect(throws: HDF5Error.self) {
            try executor.sync { () throws(HDF5Error) -> Int in throw failure }
        }
        #expect(awaited?.description == "test failed for \"it\": because")
        #expect(waited?.description == awaited?.description)
    }

    @Test(arguments: [(ENOSPC, true), (EDQUOT, true), (EACCES, false), (0, false)])
    func aFullDiskIsTold(number: Int32, isFull: Bool) {
        #expect(HDF5Error(.failed, "write", "a", "b", errno: number).isDiskFull == isFull)
    }

    /// A count that only the executor protects: two jobs at a time would be found by the thread sanitizer, and
    /// would lose increments.
    private final class Counter: @unchecked Sendable {
        private(set) var value = 0

        func increment() {
            let old = value
            sched_yield()
            value = old + 1
        }
    }
}
