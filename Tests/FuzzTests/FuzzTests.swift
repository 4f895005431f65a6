import Foundation
import Testing

/// Every target over what the corpus has, and over changed inputs: the same ones each time, or with `HOLDFAST_LONG=1` many
/// more that are new each time. `Tests/fuzz.sh` looks for new inputs by the code that they reach.
@Suite struct FuzzTests {
    private static let isLong = ProcessInfo.processInfo.environment["HOLDFAST_LONG"] == "1"

    @Test(arguments: FuzzTargets.all.map { $0.name })
    func whateverTheBytesAreTheirTargetHolds(name: String) async throws {
        let type = try #require(FuzzTargets.all.first { $0.name == name })
        let corpus = try Corpus(of: type)
        #expect(!corpus.entries.isEmpty)
        let seed = Self.isLong ? UInt64.random(in: 0 ... .max) : 1
        let rounds = Self.isLong ? 100 * type.rounds : type.rounds
        // Some targets wait for tasks, which must not be done in a thread that runs them.
        let findings = try await inThread {
            let target = try type.init()
            var findings = corpus.entries.compactMap { entry in Self.finding(target, entry.bytes, entry.name) }
            var mutator = Mutator(corpus.entries.map(\.bytes), seed: seed)
            for round in 0..<rounds where findings.count < 10 {
                if let finding = Self.finding(target, mutator.next(), "round \(round) of seed \(seed)") {
                    findings.append(finding)
                }
            }
            return findings
        }
        for finding in findings { Issue.record("\(name), \(finding)") }
    }

    private static func finding(_ target: any FuzzTarget, _ bytes: [UInt8], _ place: String) -> String? {
        do {
            try target.run(bytes)
            return nil
        } catch {
            return "\(place): \(error)\n\(Data(bytes.prefix(4096)).base64EncodedString())"
        }
    }
}

/// Runs a body in a thread of its own, with as much stack as a server's.
func inThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result(catching: body)) }
        thread.stackSize = 8 << 20
        thread.start()
    }
}
