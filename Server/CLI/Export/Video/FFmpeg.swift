import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// The program ffmpeg, which makes an MP4 file of the RGB pictures that are written to it.
final class FFmpeg {
    /// What it is told about the video.
    struct Format {
        let width: Int
        let height: Int
        let framesPerSecond: Double
        let isLossless: Bool
    }

    /// What it has said, read on a thread of its own.
    private final class Messages: Sendable {
        let text = Mutex(Data())
    }

    private let process = Process()
    private let input = Pipe()
    private let messages = Messages()
    private let reading = DispatchGroup()

    /// Starts it on a file, which may be there already.
    init(_ program: InstalledProgram, _ format: Format, to path: String) throws {
        let errors = Pipe()
        process.executableURL = program.url
        process.arguments = Self.arguments(format, path)
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        // An ffmpeg that ends early is told from its code, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            try process.run()
        } catch {
            throw Self.failure("\(program.url.path) can't be started: \(error.localizedDescription)")
        }
        DispatchQueue.global().async(group: reading) { [messages] in
            let text = errors.fileHandleForReading.readDataToEndOfFile()
            messages.text.withLock { $0 = text }
        }
    }

    static func arguments(_ format: Format, _ path: String) -> [String] {
        let coding =
            format.isLossless
            ? ["-c:v", "libx264rgb", "-qp", "0"]
            : ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "18", "-movflags", "+faststart"]
        return [
            "-nostdin", "-hide_banner", "-loglevel", "error", "-y",
            "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "\(format.width)x\(format.height)",
            "-r", "\(format.framesPerSecond)", "-i", "pipe:0", "-an",
        ] + coding + ["-f", "mp4", path]
    }

    /// Hands over a picture; blocks while ffmpeg is behind.
    func write(_ pixels: [UInt8]) throws {
        do {
            try input.fileHandleForWriting.write(contentsOf: pixels)
        } catch {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
            throw ended()
        }
    }

    /// Waits until the file is complete.
    func finish() throws {
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else { throw ended() }
    }

    /// Ends it, whatever it is doing.
    func abandon() {
        try? input.fileHandleForWriting.close()
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    private func ended() -> CommandFailure {
        reading.wait()
        let lines = String(decoding: messages.text.withLock { $0 }, as: UTF8.self).split(separator: "\n")
        let last = lines.last { !$0.allSatisfy(\.isWhitespace) } ?? "no message"
        return Self.failure("ffmpeg failed: \(Human.text(String(last), limit: 200))")
    }

    private static func failure(_ message: String) -> CommandFailure {
        CommandFailure(code: CommandFailure.other, message: message)
    }
}
