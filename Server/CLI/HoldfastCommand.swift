import ArgumentParser
import Foundation

/// `holdfast`
@main
struct HoldfastCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holdfast",
        abstract: "The experiment data server for people who train models on images and episodes.",
        version: "holdfast \(holdfastVersion)",
        subcommands: [
            ServeCommand.self, ImportCommand.self, ExportCommand.self, ExportVideoCommand.self, AnalyzeCommand.self,
            SyncCommand.self, DoctorCommand.self, VerifyCommand.self, SealCommand.self, PruneCommand.self,
            BackupCommand.self,
            RestoreCommand.self, CollectCommand.self, TokenCommand.self, AuditCommand.self, RepairFileCommand.self,
        ]
    )

    /// What ArgumentParser says of a mistake, and how the command is used, on one line.
    private static func usage(_ error: any Error) -> String {
        let lines = fullMessage(for: error).split(separator: "\n")
        let usage = lines.first { $0.hasPrefix("Usage: ") }?.trimmingPrefix("Usage: ")
        let message = message(for: error).split(separator: "\n").joined(separator: " ")
        return usage.map { "\(message); usage: \($0)" } ?? message
    }

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            FileHandle.standardError.write(Data("holdfast: \(failure.message)\n".utf8))
            Foundation.exit(failure.code)
        } catch {
            // ArgumentParser's usage errors exit with 64; here usage is 2.
            let code = exitCode(for: error)
            if code == .validationFailure {
                let words = CommandWords(CommandLine.arguments.dropFirst())
                let message = words.mistake ?? [usage(error), words.hint].compactMap(\.self).joined(separator: "; ")
                FileHandle.standardError.write(Data("holdfast: \(message)\n".utf8))
                Foundation.exit(CommandFailure.usage)
            }
            exit(withError: error)
        }
    }
}

/// Why a command ends early: a line for the user and the exit code.
struct CommandFailure: Error {
    static let other: Int32 = 1
    static let usage: Int32 = 2
    static let dataInUse: Int32 = 3
    static let dataDamaged: Int32 = 4
    static let dataNewer: Int32 = 5

    let code: Int32
    let message: String
}
