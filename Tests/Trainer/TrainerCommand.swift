import ArgumentParser
import Foundation
import Glibc
import Holdfast

/// Logs numbers, so that a test can see which of them arrived.
@main
struct TrainerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Trainer",
        abstract: "Logs the numbers from 0 on as a training process would, for tests that kill it."
    )

    @Option var server: String
    @Option var spool: String
    @Option var run = "run"
    @Option(help: "Metrics and steps have this name, those of children with -1, -2, … behind it.")
    var name = "n"
    @Option(help: "Numbers a second; 0: as fast as possible.")
    var rate = 0.0
    @Option(help: "How many numbers.")
    var count = Int.max
    @Option(help: "For how long.")
    var seconds: Double?
    @Flag(help: "Logs each number also as a step with a frame.")
    var steps = false
    @Option(help: "The bytes of a frame.")
    var frameBytes = 48
    @Option(help: "After so many steps comes one that the server refuses.")
    var poison = 0
    @Option(help: "How many forked children log, too.")
    var children = 0
    @Option(help: "How many further children are forked one after the other meanwhile, each of which logs a little.")
    var forks = 0
    @Option(help: "A file in which a 64-bit number for each process says how much it has logged.")
    var progress: String?
    @Option var segmentBytes = 8 << 20
    @Option var spoolBytes = 1 << 30
    @Flag(help: "Drops what finds the spool full.")
    var drop = false
    @Flag(help: "Leaves the spools of others alone.")
    var noLeft = false
    @Flag(help: "Ends without closing the client.")
    var noClose = false
    @Option(help: "How many seconds closing may take.")
    var deadline = 30.0
    @Option(help: "After how many seconds without an answer the connection is given up.")
    var requestTimeout = 30.0
    @Option(help: "Waits for a line on standard input before closing, then once more before it ends.")
    var pauses = 0

    func run() async throws {
        let client = try HoldfastClient(server: server, options: options)
        let run = try await client.startRun(run)
        print("started")
        let frame =
            steps
            ? try ArrayValue((0..<frameBytes).map { UInt8(truncatingIfNeeded: $0 &* 31) }, shape: [frameBytes]) : nil
        let file = try progress.map { try Progress(path: $0) }
        let time = seconds.map { Duration.seconds($0) }
        func log(_ name: String, _ slot: Int) throws {
            let logger = RecordLogger(
                run: run,
                name: name,
                slot: slot,
                progress: file,
                frame: frame,
                poison: poison
            )
            try logger.log(count: count, for: time, at: rate)
        }
        let workers = Children(children) { try log("\(name)-\($0 + 1)", $0 + 1) }
        let forking = Thread {
            for number in 0..<forks {
                _ = Children(1) { _ in
                    for place in 0..<10 { run.log("\(name)-fork", Double(number), step: 10 * number + place) }
                }.wait()
            }
        }
        forking.start()
        try log(name, 0)
        while forks > 0, !forking.isFinished { try log("\(name)-more", children + 1) }
        print("logged")
        let failures = workers.wait()
        if pauses > 0 { _ = readLine() }
        if noClose { _exit(0) }
        let unsent = await client.close(deadline: .seconds(deadline))
        let statistics = client.statistics
        print("closed \(unsent.records) \(statistics.dropped) \(statistics.rejected)")
        if pauses > 1 { _ = readLine() }
        if failures > 0 { throw ExitCode(3) }
    }

    private var options: ClientOptions {
        var options = ClientOptions()
        options.spoolDirectory = spool
        options.spoolSegmentBytes = segmentBytes
        options.spoolBytes = spoolBytes
        options.metricsWhenFull = drop ? .drop : .block
        options.stepsWhenFull = drop ? .drop : .block
        options.sendsLeftSpools = !noLeft
        options.resourceInterval = nil
        options.startTimeout = .seconds(1)
        options.requestTimeout = .seconds(requestTimeout)
        options.longestRetryDelay = .seconds(1)
        return options
    }

    private func print(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        unsafe _ = write(1, bytes, bytes.count)
    }
}
