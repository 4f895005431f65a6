import Foundation
import Holdfast
import Testing

/// The pipeline of the examples against the real server: each step runs where something that it depends on is new.
struct PipelineTests {
    private func run(_ server: ServerProcess, rounds: Int, labels: Int) throws -> [Substring] {
        let (end, output) = try ServerProcess.run(
            "Pipeline",
            ["--server", server.address, "--pictures", "60", "--rounds", "\(rounds)", "--labels", "\(labels)"]
        )
        #expect(end == .exit(0), "\(output)")
        return output.split(separator: "\n")
    }

    @Test func onlyWhatDependsOnNewLabelsRunsAgain() throws {
        let server = try ServerProcess("--labels", "is_disc", "--split-by", "study")
        try server.start()
        let rounds = try run(server, rounds: 2, labels: 10)
        #expect(rounds.count == 2 && rounds[0].contains("features 6 done 0 hit, model done"))
        #expect(rounds[0].hasSuffix("predictions 6 done 0 hit"))
        #expect(
            rounds[1].contains("features 0 done 6 hit, model done") && rounds[1].hasSuffix("predictions 6 done 0 hit")
        )
        // Another process, and nothing new.
        let again = try run(server, rounds: 1, labels: 0)
        #expect(again[0].contains("features 0 done 6 hit, model hit") && again[0].hasSuffix("predictions 0 done 6 hit"))
    }
}
