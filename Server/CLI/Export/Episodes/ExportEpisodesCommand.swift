import ArgumentParser
import Foundation
import Holdfast

/// `holdfast export episodes`
struct ExportEpisodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "episodes",
        abstract: "Write episodes as .npz files of numpy, or as a dataset of Minari.",
        discussion: """
            npz: --out is a folder that gets a file for each episode, or the .npz file of a single one, with observations \
            (or observations.NAME), frames, actions, rewards, terminations, truncations, step_index, timestamps, and infos \
            as JSON texts. Where not every step has an array, NAME_rows says which do.

            minari: --out is a new folder whose name is the dataset's id, NAME-vN, such as pong-v0; with its parent in \
            MINARI_DATASETS_PATH, minari.load_dataset("pong-v0") of Minari 0.5.4 or newer opens it. Its observations are \
            those of the steps, or, where there are none, the frames; otherwise the frames are infos/frame. A step without \
            an array repeats the last one, and so does the observation behind the last step, which the server does not \
            have. infos/json has the infos as JSON texts.
            """
    )

    /// The format of an export.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case npz
        case minari
    }

    @Option(help: "A run whose episodes are written; may be given several times.")
    var run: [String] = []
    @Option(help: "An episode that is written; may be given several times.")
    var episode: [String] = []
    @Option(help: "npz or minari.")
    var format: Format
    @Option(help: "The file or folder to write.")
    var out: String
    @OptionGroup var target: ServerTarget

    func validate() throws {
        guard !run.isEmpty || !episode.isEmpty else { throw ValidationError("say what with --run or --episode") }
    }

    func run() async throws {
        let selection = EpisodeSelection(runs: run, episodes: episode)
        let export: any EpisodeExport =
            switch format {
            case .npz: ArraysExport(out: out)
            case .minari: try MinariExport(out: out)
            }
        try await target.run(doing: "exporting to \(out)") { client in
            let episodes = try await selection.resolve(client)
            guard !episodes.isEmpty else {
                throw CommandFailure(code: CommandFailure.other, message: "there are no episodes with steps to export")
            }
            return try await Interruption.cancels { try await export.write(episodes, client) }
        }
    }
}

/// A format in which episodes are written.
protocol EpisodeExport: Sendable {
    /// Writes all episodes and says in one sentence what became of them.
    func write(_ episodes: [Episode], _ client: HoldfastClient) async throws -> String
}
