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

    /// What is said of a first word that is none of the commands.
    private static var unknownCommand: String? {
        guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-") else { return nil }
        let names = configuration.subcommands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
        guard word != "help", !names.contains(word) else { return nil }
        return "there is no command \"\(word)\"; there are \(names.joined(separator: ", "))"
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
                let message =
                    unknownCommand
                    ?? message(for: error).split(separator: "\n").joined(separator: " ")
                FileHandle.standardError.write(Data("holdfast: \(message) (--help says what there is)\n".utf8))
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
