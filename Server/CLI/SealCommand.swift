import ArgumentParser
import Foundation
import Holdfast

/// `holdfast seal`
struct SealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seal",
        abstract: "Compress the arrays of finished runs as small as they get.",
        discussion: """
            Each file is written anew with gzip-9, compared with the old one row by row, and then takes its place at once. \
            References stay valid, and any HDF5 program reads the file without a plugin. A sealed run takes no more steps.
            """
    )

    @Argument(help: "The runs.")
    var runs: [String]
    @OptionGroup var target: ServerTarget

    func run() async throws {
        let runs = runs
        try await target.run(doing: "sealing", patience: .seconds(86_400)) { client in
            var progress = ProgressBar("runs", total: runs.count)
            var (before, after) = (0, 0)
            for run in runs {
                let result = try await client.call(RunsSeal(runID: run))
                before += result.bytesBefore
                after += result.bytes
                progress.advance(by: 1)
            }
            func megabytes(_ bytes: Int) -> String { String(format: "%.1f", Double(bytes) / 1_048_576) }
            let count = runs.count == 1 ? "1 run" : "\(runs.count) runs"
            return "sealed \(count): \(megabytes(before)) MB before, \(megabytes(after)) MB now"
        }
    }
}
