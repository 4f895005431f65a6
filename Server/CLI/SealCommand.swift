import ArgumentParser
import Foundation
import Holdfast

/// `holdfast seal`
struct SealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Compress the arrays of finished runs as small as they get.",
        discussion: """
            Each file is written anew with gzip, compared with the old one row by row, and then takes its place at once. \
            References stay valid, and any HDF5 program reads the file without a plugin. A sealed run takes no more steps.

            Small rows are compressed together, as many as fit into 64 KiB: that makes them about a third as large and costs \
            random reads next to nothing. For an archive that is read from beginning to end, give more with \
            --rows-per-chunk; for rows that are read at random only, give 1.
            """
    )

    @Argument(help: "The runs.")
    var runs: [String]
    @Option(
        parsing: .unconditional,
        help: .init(
            "Rows that are compressed together, up to 1 MiB of them. (default: as many as fit into 64 KiB)",
            valueName: "number"
        )
    )
    var rowsPerChunk: Int?
    @Option(parsing: .unconditional, help: .init("Of zlib, 1 (fast) to 9 (small).", valueName: "1–9"))
    var level = 9
    @Flag(help: "Hand out the file's space in pages of 64 KiB, for storage that is read in large blocks.")
    var paged = false
    @Flag(help: "Also seal runs that are sealed already, anew.")
    var again = false
    @OptionGroup var target: ServerTarget

    func validate() throws {
        guard (1...9).contains(level) else { throw ValidationError("--level takes 1 (fast) to 9 (small)") }
        if let rowsPerChunk, rowsPerChunk < 1 { throw ValidationError("--rows-per-chunk takes 1 or more") }
    }

    func run() async throws {
        let (runs, rowsPerChunk, level, paged, again) = (runs, rowsPerChunk, level, paged, again)
        try await target.run(doing: "sealing", patience: .seconds(86_400)) { client in
            // Sealing is for good: a slip in one of the names is told before the first.
            for run in runs { _ = try await client.call(RunsGet(runID: run)) }
            var progress = ProgressBar("runs", total: runs.count)
            var (before, after) = (0, 0)
            for run in runs {
                let result = try await client.call(
                    RunsSeal(runID: run, rowsPerChunk: rowsPerChunk, level: level, paged: paged, again: again)
                )
                before += result.bytesBefore
                after += result.bytes
                progress.advance(by: 1)
            }
            func megabytes(_ bytes: Int) -> String { String(format: "%.1f", Double(bytes) / 1_048_576) }
            let count = Human.plural(runs.count, "run")
            return "sealed \(count): \(megabytes(before)) MB before, \(megabytes(after)) MB now"
        }
    }
}
