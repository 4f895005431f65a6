import ArgumentParser
import Foundation
import Holdfast

/// `holdfast export-video`
struct ExportVideoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export-video",
        abstract: "Make a video of an episode's frames.",
        discussion: """
            A picture for each step, in order; a step without a frame shows the last one. Frames look as on the dashboard. \
            Below them stand the step, its action and reward, the return so far, and how the episode ended. Needs ffmpeg \
            (apt-get install ffmpeg), which writes H.264 into an MP4 file that any player shows; --lossless keeps every \
            pixel as it is, but few players show that.
            """
    )

    @Argument(help: "The episode's id.")
    var episode: String
    @Argument(help: "The .mp4 file to write.")
    var out: String
    @OptionGroup var target: ServerTarget
    @Option(parsing: .unconditional, help: .init("Steps shown in a second.", valueName: "number"))
    var fps = 30.0
    @Option(
        parsing: .unconditional,
        help: .init(
            "Enlarge each pixel to a square of this side. (default: up to about 480 pixels)",
            valueName: "1–64"
        )
    )
    var scale: Int?
    @Flag(name: .customLong("no-hud"), help: "Only the frames, nothing below them.")
    var hidesDisplay = false
    @Flag(help: "Keep every pixel as it is.")
    var lossless = false

    func validate() throws {
        guard fps > 0, fps <= 1000 else { throw ValidationError("--fps takes a number above 0, up to 1000") }
        guard out.lowercased().hasSuffix(".mp4") else {
            throw ValidationError("\(out) becomes an MP4 file; name it .mp4")
        }
        if let scale, !(1...64).contains(scale) { throw ValidationError("--scale takes 1 to 64") }
    }

    func run() async throws {
        try OutputFile.check(out)
        let program = try InstalledProgram("ffmpeg", package: "ffmpeg")
        let style = EpisodeVideo.Style(
            framesPerSecond: fps,
            scale: scale,
            hasDisplay: !hidesDisplay,
            isLossless: lossless
        )
        try await target.run(doing: "making the video \(out)") { [episode, out] client in
            let episode = try await EpisodeSelection.episode(episode, client)
            let video = EpisodeVideo(episode: episode, style: style, client: client)
            return try await Interruption.cancels { try await video.write(to: out, with: program) }
        }
    }
}
