import ArgumentParser
import Foundation

/// The words with which a command line begins, that name a command and one below it.
struct CommandWords {
    private let words: [String]

    init(_ arguments: some Sequence<String>) {
        words = arguments.prefix { !$0.hasPrefix("-") }.map(\.self)
    }

    /// What is wrong with them; nil where they are well, and something behind them isn't.
    var mistake: String? {
        var command: any ParsableCommand.Type = HoldfastCommand.self
        var path = "holdfast"
        for (index, word) in words.enumerated() {
            let commands = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
            guard !commands.isEmpty, word != "help" else { return nil }
            guard let next = commands.first(where: { $0._commandName == word }) else {
                // A file's name stands where a command's could.
                guard command.configuration.defaultSubcommand == nil || !exists(word) else { return nil }
                let names = commands.map { $0._commandName }.joined(separator: ", ")
                let file = command.configuration.defaultSubcommand == nil ? "" : ", and no file or folder of that name"
                return "there is no \"\(path) \(word)\"\(file); \(path) has: \(names)"
            }
            if command.configuration.defaultSubcommand != nil, index == words.count - 1, exists(word) {
                return "\"\(path) \(word)\" is a command; of the file or folder of that name say: \(path) ./\(word)"
            }
            (command, path) = (next, "\(path) \(word)")
        }
        return nil
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
