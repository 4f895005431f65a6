import ArgumentParser

/// `holdfast export`
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what a data directory holds into files of other programs' formats.",
        subcommands: [ExportEpisodesCommand.self, ExportLabelsCommand.self, ExportLineageCommand.self]
    )
}
