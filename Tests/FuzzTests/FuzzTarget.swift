import Dispatch

@testable import ServerTests

/// Code that takes bytes from outside, and what must hold whatever they are.
protocol FuzzTarget: Sendable {
    /// That of its folder in the corpus too.
    static var name: String { get }
    /// How many changed inputs the ordinary tests try; a target's take about a second.
    static var rounds: Int { get }
    init() throws
    /// Feeds the bytes to the code; a ``Finding`` says what does not hold.
    func run(_ bytes: [UInt8]) throws
}

/// What an input showed to be wrong.
struct Finding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Throws a finding unless a condition holds.
func demand(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw Finding(message()) }
}

/// Waits for what is asynchronous; only in a thread of its own, never in one that runs tasks.
func wait<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let outcome = Locked<Result<Value, any Error>?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task.detached {
        let result: Result<Value, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        outcome.change { $0 = result }
        done.signal()
    }
    done.wait()
    guard let result = outcome.value else { throw Finding("a task ended without an outcome") }
    return try result.get()
}

enum FuzzTargets {
    static let all: [any FuzzTarget.Type] = [
        FrameTarget.self, JSONTarget.self, MethodTarget.self, ArrayTarget.self, ReferenceTarget.self, LZFTarget.self,
        SpoolTarget.self, RouteTarget.self, LabelFileTarget.self, PictureTarget.self, ArrayFileTarget.self,
        ImportTarget.self, TornMetadataTarget.self, RepairLogTarget.self,
    ]
}
