import Foundation
import Synchronization
import Testing

/// The target that libFuzzer is to try; nil in the ordinary tests.
private let targetName = ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_TARGET"]

/// A target under libFuzzer, which makes inputs by the code that they reach: what `Tests/fuzz.sh` runs.
///
/// libFuzzer ends the process, with code 0 if its time or its runs are over and another one for a finding.
struct FuzzCampaign {
    private typealias Input = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private typealias Driver =
        @convention(c) (
            UnsafeMutablePointer<CInt>, UnsafeMutablePointer<Arguments>, Input
        ) -> CInt

    /// What libFuzzer calls has no context.
    private static let running = Mutex<(any FuzzTarget)?>(nil)

    /// The arguments, the program's name first, stand one a line in `HOLDFAST_FUZZ_ARGUMENTS`.
    @Test(.enabled(if: targetName != nil)) func run() async throws {
        let name = try #require(targetName)
        let type = try #require(FuzzTargets.all.first { $0.name == name }, "there is no target \(name)")
        let lines = ProcessInfo.processInfo.environment["HOLDFAST_FUZZ_ARGUMENTS"]?.split(separator: "\n") ?? []
        try await inThread {
            // Nobody links against libFuzzer but the build that Tests/fuzz.sh makes.
            guard let symbol = dlsym(nil, "LLVMFuzzerRunDriver") else {
                throw Finding("this program was not built by Tests/fuzz.sh")
            }
            let driver = unsafeBitCast(symbol, to: Driver.self)
            let target = try type.init()
            Self.running.withLock { $0 = target }
            var count = CInt(lines.count)
            var arguments = lines.map { strdup(String($0)) } + [nil]
            arguments.withUnsafeMutableBufferPointer { arguments in
                guard var start = arguments.baseAddress else { return }
                _ = driver(&count, &start) { bytes, count in
                    FuzzCampaign.feed([UInt8](UnsafeBufferPointer(start: bytes, count: count)))
                    return 0
                }
            }
        }
    }

    private static func feed(_ bytes: [UInt8]) {
        do {
            try running.withLock { try $0?.run(bytes) }
        } catch {
            fatalError("\(error)")
        }
    }
}
