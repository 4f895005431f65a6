import Foundation
import Holdfast
import Testing

/// The SDK against the real server.
struct TrainingTests {
    private static let shape = [12, 10, 3]

    /// A frame that no other step has.
    private func frame(_ step: Int) throws -> ArrayValue {
        let count = Self.shape.reduce(1, *)
        return try ArrayValue((0..<count).map { UInt8(truncatingIfNeeded: ($0 + 1) &* (step + 3)) }, shape: Self.shape)
    }

    private func options() -> ClientOptions {
        var options = ClientOptions()
        options.batchRecords = 20
        options.firstRetryDelay = .milliseconds(10)
        options.longestRetryDelay = .milliseconds(100)
        return options
    }

    private func log(_ steps: Range<Int>, of episode: String, to run: ActiveRun) throws {
        for step in steps {
            run.logStep(
                episode: episode,
                index: step,
                action: step % 4,
                reward: Double(step),
                terminated: false,
                frame: try frame(step),
                observation: try ArrayValue([Float(step), -Float(step)])
            )
            run.log("loss", 1 / Double(step + 1), step: step)
        }
    }

    private func expectComplete(_ count: Int, episode: String, run: String, _ client: HoldfastClient) async throws {
        let stored = try await client.call(EpisodesSteps(episodeID: episode, limit: 10_000)).steps
        #expect(stored.map(\.stepIndex) == (0..<Int64(count)).map { $0 })
        #expect(stored.map(\.reward) == (0..<count).map(Double.init))
        let frames = try await client.resolve(stored.compactMap(\.frameRef))
        #expect(try frames == (0..<count).map { try frame($0) })
        let losses = try await client.call(MetricsQuery(table: "training_metrics", runID: run, limit: 10_000)).rows
        #expect(losses.map { $0["step"] } == (0..<Int64(count)).map { .integer($0) })
    }

    @Test func whatIsLoggedIsOnTheServer() async throws {
        let server = try ServerProcess()
        try server.start()
        let client = try HoldfastClient(server: server.address, options: options())
        let run = try await client.startRun("walk", config: ["lr": 0.5], tags: ["test"])
        try log(0..<130, of: "walk/0", to: run)
        run.finishEpisode("walk/0", metadata: ["level": 3])
        client.insertImages([ImagesInsert.Image(filename: "a", image: try frame(0))])
        run.finish()
        try await client.flush()
        try await expectComplete(130, episode: "walk/0", run: "walk", client)
        let episode = try await client.call(EpisodesGet(episodeID: "walk/0"))
        #expect(episode.finished && episode.steps == 130 && episode.metadata == ["level": 3])
        let known = try await client.run("walk")
        #expect(known.status == .finished && known.config == ["lr": 0.5] && known.tags == ["test"])
        #expect(try await client.call(LabelsStats()).total == 1)
        #expect(await client.close().records == 0)
    }

    @Test func aServerThatIsKilledAgainAndAgainLosesAndDoublesNothing() async throws {
        let server = try ServerProcess()
        try server.start()
        let client = try HoldfastClient(server: server.address, options: options())
        let run = try await client.startRun("storm")
        for round in 0..<5 {
            try log((round * 60)..<(round * 60 + 60), of: "storm/0", to: run)
            // Some rounds die with batches on their way, some between two.
            if round % 2 == 0 { try await client.flush() }
            server.kill()
            try server.start()
        }
        run.finish()
        try await client.flush()
        try await expectComplete(300, episode: "storm/0", run: "storm", client)
        #expect(client.statistics.rejected == 0)
        await client.close()
    }

    @Test func whatIsLoggedBeforeThereIsAServerWaitsForIt() async throws {
        let server = try ServerProcess()
        try server.start()
        server.kill()
        var options = options()
        options.startTimeout = .milliseconds(100)
        let client = try HoldfastClient(server: server.address, options: options)
        let run = try await client.startRun("early")
        #expect(run.isResumed == nil)
        try log(0..<30, of: "early/0", to: run)
        try server.start()
        try await client.flush()
        try await expectComplete(30, episode: "early/0", run: "early", client)
        await client.close()
    }

    @Test func theExampleTrainsAndRecordsEverything() async throws {
        let server = try ServerProcess()
        try server.start()
        let (end, output) = try ServerProcess.run(
            "CartPole",
            ["--server", server.address, "--episodes", "12", "--images", "20", "--run", "cart"]
        )
        #expect(end == .exit(0), "it printed: \(output)")
        let client = try HoldfastClient(server: server.address)
        let run = try await client.run("cart")
        #expect(run.status == .finished && run.episodes == 12)
        let episodes = try await client.call(EpisodesList(runID: "cart")).episodes
        #expect(episodes.reduce(0) { $0 + $1.steps } == run.steps && episodes.allSatisfy(\.finished))
        #expect(episodes.allSatisfy { $0.totalReward == Double($0.steps) }, "CartPole gives 1 for each step")
        let steps = try await client.call(EpisodesSteps(runID: "cart", limit: 1, arrays: [.frame, .observation]))
        #expect(steps.frame?.shape == [1, 120, 160, 3])
        #expect(try await client.call(LabelsStats()).total == 20)
        await client.close()
    }
}
