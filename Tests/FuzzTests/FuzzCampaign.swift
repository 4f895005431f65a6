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
            Self.alarm()
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

    /// Has libFuzzer look now and then how long an input takes, for which this is its thread. It does so when its timer's
    /// signal comes, but only in its thread, while the kernel sends that to the process's first one.
    private static func alarm() {
        // Until libFuzzer has a handler.
        signal(SIGALRM, SIG_IGN)
        // A thread has the mask of the one that made it, and those that run tasks are asked for nothing.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGALRM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let thread = pthread_self()
        Thread.detachNewThread {
            while true {
                Thread.sleep(forTimeInterval: 5)
                pthread_kill(thread, SIGALRM)
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
