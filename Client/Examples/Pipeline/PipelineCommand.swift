import ArgumentParser
import Foundation
import Holdfast

/// Labels, trains and predicts as a pipeline of which only what depends on new labels runs again.
@main
struct PipelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pipeline",
        abstract: "Snapshot, features, model, predictions: each computed once for what it depends on.",
        discussion: """
            The pictures are drawn by the program, which so knows the truth and plays the annotator. Start the server on a \
            new data directory with the label: holdfast serve --data disc --labels is_disc. Run it again with --labels 0, and everything \
            is a hit; change a function in Steps.swift or Classifier.swift, and what depends on it runs again.
            """
    )

    @Option(help: ArgumentHelp("Where the server listens for training code.", valueName: "host:port"))
    var server = "127.0.0.1:7411"

    @Option(help: "The server's token; by default that in HOLDFAST_TOKEN, if it is set.")
    var token: String?

    @Option(help: "How many pictures to draw.")
    var pictures = 300

    @Option(help: "How often to label and compute.")
    var rounds = 2

    @Option(help: "Labels per round.")
    var labels = 50

    @Option(help: "The same seed gives the same pictures.")
    var seed: UInt64 = 0

    func validate() throws {
        guard pictures >= 50, rounds >= 1, labels >= 0 else {
            throw ValidationError("--pictures is at least 50, --rounds at least 1, --labels at least 0.")
        }
    }

    func run() async throws {
        let token = token ?? ProcessInfo.processInfo.environment["HOLDFAST_TOKEN"]
        let client = try HoldfastClient(server: server, token: token)
        do {
            let pipeline = try await Pipeline(client: client, drawing: pictures, seed: seed)
            for _ in 1...rounds { print(try await pipeline.pass(labeling: labels)) }
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }
}
