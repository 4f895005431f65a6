import ArgumentParser
import Foundation

/// Trains a policy to balance a pole and records everything with Holdfast.
@main
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cartpole",
        abstract: "Trains a policy to balance a pole and records every step, loss and picture with Holdfast."
    )

    @Option(help: ArgumentHelp("Where the server listens for training code.", valueName: "host:port"))
    var server = "127.0.0.1:7411"

    @Option(help: "The server's token; by default that in HOLDFAST_TOKEN, if it is set.")
    var token: String?

    @Option(help: "The run's name; by default one made of the seed and the time.")
    var run: String?

    @Option(help: "How many episodes to play.")
    var episodes = 400

    @Option(help: "The same seed gives the same training run.")
    var seed: UInt64 = 0

    @Option(help: "Record a frame with every n-th step.")
    var every = 1

    @Option(help: "How many frames to register as images to label.")
    var images = 200

    func validate() throws {
        guard episodes >= 1, every >= 1, images >= 0 else {
            throw ValidationError("--episodes and --every are at least 1, --images at least 0.")
        }
    }

    func run() async throws {
        let name = run ?? "cartpole-\(seed)-\(Int(Date().timeIntervalSince1970))"
        let plan = TrainingPlan(run: name, episodes: episodes, seed: seed, every: every, images: images)
        let token = token ?? ProcessInfo.processInfo.environment["HOLDFAST_TOKEN"]
        let recorder = try await Recorder(server: server, token: token, plan: plan)
        do {
            var trainer = Trainer(plan: plan, recorder: recorder)
            try trainer.train()
        } catch {
            await recorder.fail()
            throw error
        }
        try await recorder.finish()
    }
}
