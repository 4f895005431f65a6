import Foundation
import Holdfast

/// What a training run tells the server; the only type here that knows Holdfast.
///
/// None of the functions waits for the network, except ``init(server:token:plan:)`` and ``finish()``.
struct Recorder: Sendable {
    private let client: HoldfastClient
    private let run: ActiveRun
    private let plan: TrainingPlan
    private let renderer = Renderer()

    init(server: String, token: String?, plan: TrainingPlan) async throws {
        let client = try HoldfastClient(server: server, token: token)
        self.client = client
        self.plan = plan
        let config = JSONValue.object([
            "environment": .string("CartPole-v1"),
            "algorithm": .string("REINFORCE with baseline"),
            "episodes": .integer(Int64(plan.episodes)),
            "seed": .string(String(plan.seed)),
        ])
        do {
            self.run = try await client.startRun(plan.run, config: config, tags: ["example", "cartpole"])
        } catch {
            await client.close(deadline: .seconds(1))
            throw error
        }
    }

    /// A step with what the policy saw, and with a picture of it as often as the plan says.
    func logStep(_ step: Episode.Step, number: Int, episode: Int) throws {
        let frame = number % plan.every == 0 ? try picture(of: step.state) : nil
        run.logStep(
            episode: plan.episodeID(episode),
            index: number,
            action: step.action.rawValue,
            reward: step.outcome.reward,
            terminated: step.outcome.terminated,
            truncated: step.outcome.truncated,
            frame: frame,
            observation: try ArrayValue(step.state.observation.map { Float($0) })
        )
    }

    func logEpisode(_ episode: Episode, number: Int, meanReturn: Double, losses: Policy.Losses?) {
        run.finishEpisode(plan.episodeID(number))
        run.log("return", episode.totalReward, step: number, phase: "train")
        run.log("mean_return", meanReturn, step: number, phase: "train")
        if let losses {
            run.log("policy_loss", losses.policy, step: number, phase: "train")
            run.log("value_loss", losses.value, step: number, phase: "train")
            run.log("entropy", losses.entropy, step: number, phase: "train")
        }
    }

    /// Pictures of an episode for people to label.
    func insertImages(of episode: Episode, number: Int, steps: [Int]) throws {
        guard !steps.isEmpty else { return }
        let images = try steps.map { step in
            ImagesInsert.Image(
                filename: plan.imageName(episode: number, step: step),
                studyID: plan.episodeID(number),
                frameNumber: Int64(step),
                image: try picture(of: episode.steps[step].state)
            )
        }
        client.insertImages(images)
    }

    /// Waits until the server has everything: a slow disk may be minutes behind a policy that learns.
    func finish() async throws {
        run.finish(.finished)
        let waiting = client.statistics.queued
        if waiting > 0 {
            print("the server lacks \(waiting) records: waiting for it, at most ten minutes")
            // Also where the output is a file.
            fflush(nil)
        }
        try await client.flush(deadline: .seconds(600))
        await client.close(deadline: .seconds(5))
    }

    /// Ends a run that went wrong; what can still be sent in five seconds is.
    func fail() async {
        run.finish(.failed)
        await client.close(deadline: .seconds(5))
    }

    private func picture(of state: CartState) throws -> ArrayValue {
        try ArrayValue(renderer.frame(of: state), shape: [Renderer.height, Renderer.width, 3])
    }
}
