import Holdfast

/// The run that an import makes, or goes on with where it was cut short.
struct ImportedRun: Sendable {
    let id: String
    /// By which a run is known as an import of the same file.
    let config: JSONValue

    /// How many steps an earlier, interrupted import of this file has brought; 0 for a new run. Any other run that has
    /// steps is left alone.
    func stepsOnServer(of count: Int, _ client: HoldfastClient) async throws -> Int {
        do {
            let run = try await client.run(id)
            guard run.steps > 0 else { return 0 }
            guard run.config == config, run.steps <= count else {
                throw CommandFailure(
                    code: CommandFailure.other,
                    message: "run \"\(id)\" exists and has other steps; choose another id with --run"
                )
            }
            return run.steps
        } catch let error as WireError where error.kind == .notFound {
            return 0
        }
    }

    func start(_ client: HoldfastClient) async throws {
        _ = try await client.call(RunsStart(runID: id, config: config))
    }

    func finish(_ client: HoldfastClient) async throws {
        _ = try await client.call(RunsFinish(runID: id, status: .finished))
    }

    /// The id of an episode, by its number.
    func episodeID(_ number: Int64) -> String {
        let digits = String(number)
        return "\(id)/ep" + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }
}
