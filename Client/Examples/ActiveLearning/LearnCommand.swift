import ArgumentParser
import Foundation
import Holdfast

/// Learns to tell discs from squares with as few labels as it can, and measures itself on the hold-out.
@main
struct LearnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "activelearning",
        abstract: "Labels, trains and asks again: a classifier that chooses what it learns from.",
        discussion: """
            The pictures are drawn by the program, which so knows the truth and plays the annotator. Start the server on a \
            new data directory with the label: holdfast serve --data disc --labels is_disc
            """
    )

    @Option(help: ArgumentHelp("Where the server listens for training code.", valueName: "host:port"))
    var server = "127.0.0.1:7411"

    @Option(help: "The server's token; by default that in HOLDFAST_TOKEN, if it is set.")
    var token: String?

    @Option(help: "How many pictures to draw.")
    var pictures = 1200

    @Option(help: "How often to label, train and ask again.")
    var rounds = 8

    @Option(help: "Labels per round.")
    var labels = 20

    @Option(help: "How images are chosen: mixed, balanced, uncertain, random, …")
    var strategy = "balanced"

    @Option(help: "The same seed gives the same pictures.")
    var seed: UInt64 = 0

    func validate() throws {
        guard pictures >= 50, rounds >= 1, labels >= 2 else {
            throw ValidationError("--pictures is at least 50, --rounds at least 1, --labels at least 2.")
        }
    }

    func run() async throws {
        let token = token ?? ProcessInfo.processInfo.environment["HOLDFAST_TOKEN"]
        let client = try HoldfastClient(server: server, token: token)
        do {
            var learner = try await Learner(client: client, drawing: pictures, seed: seed)
            try await learner.labelHoldout()
            print("round  labels  accuracy on the hold-out          AUC    likely errors")
            for round in 1...rounds {
                let report = try await learner.learn(labels: labels, strategy: strategy, round: round)
                print(report)
            }
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }
}
