import Testing
import Wire

@testable import Server

struct CodecPoolTests {
    private struct Failure: Error, Equatable {
        let element: Int
    }

    @Test(arguments: [0, 1, 2, 3, 7, 1000])
    func resultsKeepTheOrderOfTheElements(count: Int) async throws {
        let results = try await CodecPool().map(Array(0..<count)) { element in
            // The first elements take the longest.
            (0..<(count - element)).reduce(element) { sum, _ in sum }
        }
        #expect(results == Array(0..<count))
    }

    @Test(arguments: [0, 1, 499, 999])
    func aFailureIsThrown(element: Int) async {
        await #expect(throws: Failure(element: element)) {
            try await CodecPool().map(Array(0..<1000)) { if $0 == element { throw Failure(element: element) } }
        }
    }

    @Test func manyMayUseThePoolAtOnce() async throws {
        let pool = CodecPool()
        try await withThrowingDiscardingTaskGroup { group in
            for start in 0..<50 {
                group.addTask {
                    let doubled = try await pool.map(Array(start..<start + 100)) { $0 * 2 }
                    #expect(doubled == (start..<start + 100).map { $0 * 2 })
                }
            }
        }
    }
}
