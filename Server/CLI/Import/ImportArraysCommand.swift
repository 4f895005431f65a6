import ArgumentParser
import Foundation
import HDF5
import Holdfast
import Logging

/// `holdfast import SOURCE`
struct ImportArraysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "arrays",
        abstract:
            "Bring an HDF5 file or a folder of PNG pictures in; this is what \"import\" does without a further word.",
        discussion: """
            A folder becomes images to label: every PNG in it and below, named by its path, its study the folder it is in. \
            An HDF5 file in the layout of Holdfast's run files becomes a run with its episodes and steps, and so does one of \
            Minari (main_data.hdf5), D4RL or robomimic: observations by name, actions, rewards, and how episodes end; with \
            --frames the pictures among the observations become frames. Of any other HDF5 file each dataset of pictures \
            (rows of 2 to 4 dimensions) becomes images to label; with --dataset only that one. Importing the same again \
            adds nothing twice.
            """
    )

    @Argument(help: "An HDF5 file, or a folder of PNG files.")
    var source: String
    @OptionGroup var target: ServerTarget
    @Option(help: "The dataset of an HDF5 file whose rows become images, such as frames.")
    var dataset: String?
    @Option(help: "The observation of an episodes' file that becomes the frames, such as agentview_image.")
    var frames: String?
    @Option(help: "The id of the run that is made. (default: what the file says, or its name)")
    var run: String?
    @Option(help: "The study of the images. (default: their folder, or the file's name)")
    var study: String?

    func run() async throws {
        let source = try openSource()
        try await target.run(importing: self.source) { try await source.send(to: $0) }
    }

    /// Refuses options that are for what the source lacks: passed over, they would seem to have done something.
    private func refuse(_ options: KeyValuePairs<String, String?>, _ lack: String) throws {
        guard let option = options.first(where: { $0.value != nil }) else { return }
        throw CommandFailure(code: CommandFailure.other, message: "\(source) \(lack), which \(option.key) is for")
    }

    private func openSource() throws -> any ImportSource {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
            throw CommandFailure(code: CommandFailure.other, message: "\(source) does not exist")
        }
        do {
            if isFolder.boolValue {
                try refuse(
                    ["--dataset": dataset, "--frames": frames, "--run": run],
                    "is a folder of pictures, with no datasets and no episodes"
                )
                return try PictureFolder(source, study: study)
            }
            let ending = URL(fileURLWithPath: source).pathExtension.lowercased()
            if ending == "png" || PictureFolder.otherPictures.contains(ending) {
                let conversion = ending == "png" ? "" : ", and convert it to PNG first"
                throw CommandFailure(
                    code: CommandFailure.other,
                    message: "\(source) is one picture; give the folder it is in\(conversion)"
                )
            }
            if ["csv", "jsonl", "ndjson", "json"].contains(ending) {
                throw CommandFailure(
                    code: CommandFailure.other,
                    message: "\(source) has no arrays; labels are brought in with: holdfast import labels \(source)"
                )
            }
            let file = try ArrayFile(source)
            if dataset == nil, file.isRunFile {
                try refuse(["--frames": frames, "--study": study], "is the file of a run, whose frames are known,")
                return try RecordedRun(file, runID: run)
            }
            if dataset == nil, let episodes = EpisodeFile(file, frames: frames) {
                return RecordedEpisodes(episodes, runID: run)
            }
            try refuse(["--frames": frames, "--run": run], "has no episodes of Minari, D4RL or robomimic")
            return try PictureDatasets(file, dataset: dataset, study: study)
        } catch let error as HDF5Error {
            throw CommandFailure(code: CommandFailure.other, message: "\(source) can't be read: \(error)")
        }
    }
}

/// Something that can be imported.
protocol ImportSource: Sendable {
    /// Sends everything and says in one sentence what became of it.
    func send(to client: HoldfastClient) async throws -> String
}
