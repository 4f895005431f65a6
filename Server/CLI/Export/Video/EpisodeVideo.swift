import Foundation
import Holdfast
import PNG

#if canImport(Glibc)
import Glibc
#endif

/// An episode as a video: a picture for each step.
struct EpisodeVideo: Sendable {
    /// How it looks.
    struct Style: Sendable {
        let framesPerSecond: Double
        /// Pixels of the video for one of the frames; nil: whole, so that the video is of a moderate size.
        let scale: Int?
        let hasDisplay: Bool
        let isLossless: Bool
    }

    /// What small frames are enlarged to.
    private static let comfortableSide = 480

    let episode: Episode
    let style: Style
    let client: HoldfastClient

    /// Makes the file, which appears under its name when it is complete; says what it is.
    func write(to path: String, with program: InstalledProgram) async throws -> String {
        let picture = try await firstPicture()
        let scale = style.scale ?? max(1, Self.comfortableSide / max(picture.width, picture.height))
        let (width, height) = (picture.width * scale, picture.height * scale)
        let display = style.hasDisplay ? HeadUpDisplay(pictureWidth: width) : nil
        // H.264 halves both sides for its colors.
        var canvas = Canvas(
            width: ((display?.width ?? width) + 1) / 2 * 2,
            height: (height + (display?.height ?? 0) + 1) / 2 * 2
        )
        let format = FFmpeg.Format(
            width: canvas.width,
            height: canvas.height,
            framesPerSecond: style.framesPerSecond,
            isLossless: style.isLossless
        )
        let draft = path + ".part"
        let encoder = try FFmpeg(program, format, to: draft)
        do {
            let count = try await draw(on: &canvas, scale: scale, display, below: height, to: encoder)
            try encoder.finish()
            guard unsafe rename(draft, path) == 0 else {
                throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be replaced")
            }
            return "wrote \(path): \(count) frames of \(canvas.width)×\(canvas.height)"
        } catch {
            encoder.abandon()
            try? FileManager.default.removeItem(atPath: draft)
            throw error
        }
    }

    private func draw(
        on canvas: inout Canvas,
        scale: Int,
        _ display: HeadUpDisplay?,
        below row: Int,
        to encoder: FFmpeg
    ) async throws -> Int {
        var pages = EpisodePages(episode.episodeID, arrays: [.frame, .action], client: client)
        var progress = ProgressBar("frames", total: episode.steps)
        defer { progress.finish() }
        var (count, total) = (0, 0.0)
        while let page = try await pages.next() {
            var next = 0
            for (place, step) in page.steps.enumerated() {
                // A step without a frame shows the last one.
                if let frames = page.frames, next < frames.steps.count, frames.steps[next] == place {
                    canvas.draw(try render(frames, next), scale: scale)
                    next += 1
                }
                total += step.reward
                display?.draw(try moment(step, page.actions, place, total), on: &canvas, below: row)
                try encoder.write(canvas.pixels)
                count += 1
            }
            progress.advance(by: page.steps.count)
        }
        return count
    }

    private func moment(
        _ step: StoredStep,
        _ actions: StepRows?,
        _ place: Int,
        _ total: Double
    ) throws -> HeadUpDisplay.Moment {
        let action = try actions.map {
            try ArrayValue(dtype: $0.dtype, shape: $0.shape, bytes: $0.row(place))
        }
        return HeadUpDisplay.Moment(
            step: step.stepIndex,
            action: action.flatMap(HeadUpDisplay.text),
            reward: step.reward,
            total: total,
            terminated: step.terminated,
            truncated: step.truncated
        )
    }

    /// The first frame, which tells the video's size.
    private func firstPicture() async throws -> Bitmap {
        var pages = EpisodePages(episode.episodeID, arrays: [], client: client)
        while let page = try await pages.next() {
            guard let reference = page.steps.lazy.compactMap(\.frameRef).first else { continue }
            let frame = try await client.resolveStacked([reference])
            return try render(StepRows(all: frame), 0)
        }
        throw CommandFailure(
            code: CommandFailure.other,
            message: "episode \"\(episode.episodeID)\" has no frames to make a video of"
        )
    }

    private func render(_ frames: StepRows, _ index: Int) throws -> Bitmap {
        do {
            return try Thumbnail.render(dtype: frames.dtype, shape: frames.shape, buffer: frames.row(index), size: nil)
        } catch {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "the frames of episode \"\(episode.episodeID)\" can't be shown as pictures: \(error)"
            )
        }
    }
}
