import Dispatch
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#endif

/// The program gnuplot: it is given a script on its standard input and answers with a picture, so there are no files between.
struct Gnuplot {
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

    private let program: InstalledProgram

    init() throws { program = try InstalledProgram("gnuplot", package: "gnuplot-nox") }

    /// Draws a picture into a file, which appears when it is complete.
    func draw(_ script: String, to path: String) throws {
        let picture = try run(script)
        do {
            try picture.write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "the plot can't be written to \(path): \(error.localizedDescription)"
            )
        }
    }

    private func run(_ script: String) throws -> Data {
        let process = Process()
        process.executableURL = program.url
        // Without the settings of whoever runs it.
        process.arguments = ["-d"]
        let (input, output, errors) = (Pipe(), Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        // A gnuplot that ends early is told from its code, not by a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            try process.run()
        } catch {
            throw Self.failure("\(program.url.path) can't be started: \(error.localizedDescription)")
        }
        let message = Mutex(Data())
        let group = DispatchGroup()
        DispatchQueue.global().async(group: group) {
            try? input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
            try? input.fileHandleForWriting.close()
        }
        DispatchQueue.global().async(group: group) {
            let text = errors.fileHandleForReading.readDataToEndOfFile()
            message.withLock { $0 = text }
        }
        let picture = output.fileHandleForReading.readDataToEndOfFile()
        group.wait()
        process.waitUntilExit()
        guard process.terminationStatus == 0, picture.starts(with: Self.signature) else {
            let lines = String(decoding: message.withLock { $0 }, as: UTF8.self).split(separator: "\n")
            let last = lines.last { !$0.allSatisfy(\.isWhitespace) } ?? "no message"
            throw Self.failure("gnuplot failed: \(Human.text(String(last), limit: 200))")
        }
        return picture
    }

    private static func failure(_ message: String) -> CommandFailure {
        CommandFailure(code: CommandFailure.other, message: message)
    }
}
