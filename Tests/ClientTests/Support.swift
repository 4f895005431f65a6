import Foundation
import Logging
import Synchronization
import Testing

@testable import Holdfast

/// Gathers what a client reports.
final class Problems: Sendable {
    private let problems = Mutex<[DeliveryProblem]>([])

    var all: [DeliveryProblem] { problems.withLock { $0 } }

    func of(_ kind: DeliveryProblem.Kind) -> [DeliveryProblem] { all.filter { $0.kind == kind } }

    func add(_ problem: DeliveryProblem) { problems.withLock { $0.append(problem) } }
}

extension ClientOptions {
    /// Small batches, short delays, and silence on standard error.
    static func forTests(_ problems: Problems = Problems()) -> ClientOptions {
        var options = ClientOptions()
        options.batchRecords = 10
        options.largestBatchRecords = 10
        options.spoolDirectory = TemporaryFolder().path
        options.spoolSegmentBytes = 64 << 10
        options.resourceInterval = nil
        options.flushesOnTermination = false
        options.firstRetryDelay = .milliseconds(1)
        options.longestRetryDelay = .milliseconds(10)
        options.onProblem = { problems.add($0) }
        options.logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return options
    }
}

/// A folder of its own for each; all are removed when the tests end.
struct TemporaryFolder {
    private static let root: String = {
        let root = FileManager.default.temporaryDirectory.path + "/holdfast-client-tests-\(getpid())"
        atexit { try? FileManager.default.removeItem(atPath: TemporaryFolder.root) }
        return root
    }()

    let path = "\(Self.root)/\(UUID().uuidString)"

    var names: [String] { (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? [] }
}

/// Waits until a condition holds; records an issue when it does not in half a minute.
func eventually(
    _ what: Comment,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while try !condition() {
        guard ContinuousClock.now < end else {
            Issue.record(what, sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(1))
    }
}

/// A number that several threads count up.
final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func increment() { count.withLock { $0 += 1 } }
}

/// Runs a body in a thread of its own, where it may block.
func inThread(_ body: @escaping @Sendable () -> Void) { Thread.detachNewThread(body) }
