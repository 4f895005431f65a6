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
        for word in words where word != "help" {
            let commands = command.configuration.subcommands.filter { $0.configuration.shouldDisplay }
            if commands.isEmpty { break }
            guard let next = commands.first(where: { $0._commandName == word }) else {
                // A file's name stands where a command's could.
                let takesFile = command.configuration.defaultSubcommand != nil
                guard !takesFile || !exists(word) else { return nil }
                let names = commands.map { $0._commandName }.joined(separator: ", ")
                return "there is no \"\(path) \(word)\"\(takesFile ? ", and no file or folder of that name" : ""); "
                    + "\(path) has: \(names)"
            }
            (command, path) = (next, "\(path) \(word)")
        }
        return nil
    }

    /// What helps where the last of them, a command's name, was meant as that of a file or folder.
    var hint: String? {
        guard words.count == 2, words[0] == ImportCommand._commandName, exists(words[1]) else { return nil }
        return "for the file or folder of that name: holdfast import ./\(words[1])"
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
