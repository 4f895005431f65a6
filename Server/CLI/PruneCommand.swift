import ArgumentParser
import Foundation
import Holdfast

/// `holdfast prune`
struct PruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Delete or thin old metrics while the server works.",
        discussion: """
            What plots show of them stays: the smallest, largest and last value of every 32 points. Space that becomes free is \
            given back to the file system.
            """
    )

    @Option(
        parsing: .unconditional,
        help: .init("Only what is older: a number with s, min, h, d or w, such as 30d.", valueName: "30d|12h|90min|…")
    )
    var olderThan: Age?
    @Option(help: "Only of this run.")
    var run: String?
    @Option(
        parsing: .unconditional,
        help: .init("Keep every n-th point of each series instead of none.", valueName: "2–1000000")
    )
    var keepEvery: Int?
    @OptionGroup var target: ServerTarget

    func validate() throws {
        guard olderThan != nil || run != nil || keepEvery != nil else {
            throw ValidationError("Say what to delete: --older-than, --run or --keep-every.")
        }
        if let keepEvery, !(2...1_000_000).contains(keepEvery) {
            throw ValidationError("--keep-every takes 2 to 1000000")
        }
    }

    func run() async throws {
        let before = olderThan.map { Date().timeIntervalSince1970 - $0.seconds }
        let (runID, keepEvery) = (run, keepEvery)
        try await target.run(doing: "pruning") { client in
            let (deleted, examined) = try await Self.prune(client, runID, before, keepEvery)
            let freed = try await client.vacuum()
            let megabytes = String(format: "%.1f", Double(freed) / 1_048_576)
            return "deleted \(deleted) of \(examined) rows; \(megabytes) MB are free again"
        }
    }

    private static func prune(
        _ client: HoldfastClient,
        _ runID: String?,
        _ before: Double?,
        _ keepEvery: Int?
    ) async throws -> (deleted: Int, examined: Int) {
        let summary = try await client.call(MetricsSummary(runID: runID))
        let total = summary.resourceMetricsCount + summary.generationMetricsCount + summary.trainingMetricsCount
        // A run may have metrics only. One that has nothing and is not there is a slip in its name.
        if total == 0, let runID { _ = try await client.call(RunsGet(runID: runID)) }
        var progress = ProgressBar("rows", total: total)
        var (deleted, examined) = (0, 0)
        var cursor: String?
        repeat {
            let step = try await client.call(
                MetricsPrune(runID: runID, before: before, keepEvery: keepEvery, cursor: cursor)
            )
            deleted += step.deleted
            examined += step.examined
            cursor = step.cursor
            progress.advance(by: step.examined)
        } while cursor != nil
        progress.finish()
        return (deleted, examined)
    }
}
