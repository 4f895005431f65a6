import ArgumentParser

/// `holdfast import`
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring pictures, recorded runs or labels into a server or a data directory.",
        subcommands: [ImportArraysCommand.self, ImportLabelsCommand.self],
        defaultSubcommand: ImportArraysCommand.self
    )
}
