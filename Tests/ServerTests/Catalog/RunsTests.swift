import Foundation
import HDF5
import Testing
import Wire

@testable import Server

struct RunsTests {
    @Test func aNewRunHasWhatItWasStartedWith() async throws {
        let data = try TestData()
        let config: JSONValue = ["lr": 0.001, "layers": [64, 64], "name": "é🧪"]
        let start = RunsStart(runID: "a", config: config, tags: ["x", "y"], agentID: "dqn", workerID: "w0")
        #expect(try await data.call(start).resumed == false)
        let run = try await data.call(RunsGet(runID: "a"))
        #expect(run.status == .running)
        #expect(run.config == config)
        #expect(run.tags == ["x", "y"])
        #expect(run.agentID == "dqn")
        #expect(run.workerID == "w0")
        #expect(run.compression == "lzf")
        #expect(run.finishedAt == nil)
        #expect(run.steps == 0)
        #expect(run.episodes == 0)
        #expect(abs(run.startedAt - Timestamp.now()) < 60)
    }

    @Test func aFileOfAnotherDatabaseIsSetAside() async throws {
        let data = try TestData()
        let (content, path) = (Data("arrays of another database".utf8), data.arrays.path("a"))
        try content.write(to: URL(fileURLWithPath: path))
        try await data.call(RunsStart(runID: "a"))
        try await data.append("a", try Steps.of("e", 0..<3))
        #expect(try await data.call(RunsGet(runID: "a")).steps == 3)
        let others = try FileManager.default.contentsOfDirectory(atPath: data.arrays.directory).filter {
            $0.hasPrefix("a.h5.")
        }
        #expect(others.count == 1 && others[0].hasSuffix(".unknown"))
        let kept = try Data(contentsOf: URL(fileURLWithPath: "\(data.arrays.directory)/\(others[0])"))
        #expect(kept == content)
    }

    @Test func whatIsKeptAsItIsHasNoArrays() async throws {
        let data = try TestData()
        let array: JSONValue = ["spaces": [1, ["dtype": "uint8", "shape": [2], "attachment": 0]]]
        func message(_ call: () async throws -> Void) async -> String? {
            await #expect(throws: WireError.self) { try await call() }?.message
        }
        let place = ".spaces[1] has dtype, shape and"
        #expect(
            await message { try await data.call(RunsStart(runID: "a", config: array)) }?.contains("config\(place)")
                == true
        )
        try await data.append("a", try Steps.of("e", 0..<1))
        let finish = EpisodesFinish(runID: "a", episodeID: "e", metadata: array)
        #expect(await message { try await data.call(finish) }?.contains("metadata\(place)") == true)
        let step = StepsAppend.Step(episodeID: "e", stepIndex: 1, reward: 0, info: array)
        #expect(await message { try await data.append("a", [step]) }?.contains("step 0: info\(place)") == true)
        let variable = VariablesSave(variable: "V", metadata: [:], value: .json(array))
        #expect(await message { try await data.call(variable) }?.contains("value.json\(place)") == true)
    }

    @Test func startingAgainResumesAndKeepsWhatIsNotGivenAgain() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a", config: ["lr": 1], tags: ["x"], agentID: "dqn"))
        try await data.call(RunsFinish(runID: "a", status: .failed))
        #expect(try await data.call(RunsStart(runID: "a", config: ["lr": 2])).resumed == true)
        let run = try await data.call(RunsGet(runID: "a"))
        #expect(run.status == .running)
        #expect(run.finishedAt == nil)
        #expect(run.config == ["lr": 2])
        #expect(run.tags == ["x"])
        #expect(run.agentID == "dqn")
    }

    @Test(arguments: ["lzf", "none", "gzip-1", "gzip-9"])
    func theCompressionIsFixedAtTheFirstStart(compression: String) async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a", compression: compression))
        try await data.call(RunsStart(runID: "a"))
        try await data.call(RunsStart(runID: "a", compression: compression))
        let other = compression == "lzf" ? "none" : "lzf"
        let error = try await data.refusal(RunsStart(runID: "a", compression: other))
        #expect(error?.kind == "compression_mismatch")
        #expect(try await data.call(RunsGet(runID: "a")).compression == compression)
    }

    @Test(arguments: ["", "gzip", "gzip-0", "gzip-10", "LZF", "zstd"])
    func anUnknownCompressionIsRefused(compression: String) async throws {
        let error = try await TestData().refusal(RunsStart(runID: "a", compression: compression))
        #expect(error?.kind == .invalidParams)
        #expect(error?.message.contains("compression") == true)
    }

    @Test(arguments: [
        "", ".", "..", "a..b", "-a", ".a", "a/b", "../a", "a b", "é", "a\0", "a\n", "images", "variables",
        String(repeating: "a", count: 129),
    ])
    func aNameThatIsNoRunIDIsRefusedEverywhere(runID: String) async throws {
        let data = try TestData()
        let refusals = [
            try await data.refusal(RunsStart(runID: runID)), try await data.refusal(RunsHeartbeat(runID: runID)),
            try await data.refusal(RunsFinish(runID: runID, status: .finished)),
            try await data.refusal(RunsDelete(runID: runID)), try await data.refusal(RunsGet(runID: runID)),
            try await data.refusal(StepsAppend(runID: runID, steps: try Steps.of("e", 0..<1))),
        ]
        #expect(refusals.map { $0?.kind } == Array(repeating: .invalidParams, count: refusals.count))
    }

    @Test func whatDoesNotExistIsNotFound() async throws {
        let data = try TestData()
        let refusals = [
            try await data.refusal(RunsHeartbeat(runID: "a")), try await data.refusal(RunsDelete(runID: "a")),
            try await data.refusal(RunsFinish(runID: "a", status: .finished)),
            try await data.refusal(RunsGet(runID: "a")),
            try await data.refusal(StepsAppend(runID: "a", steps: try Steps.of("e", 0..<1))),
        ]
        #expect(refusals.map { $0?.kind } == Array(repeating: .notFound, count: refusals.count))
    }

    @Test func aRunThatIsNotHeardOfForAMinuteHasCrashedUntilItIsHeardOfAgain() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"))
        try data.change(
            "UPDATE runs SET heartbeat_at = ? WHERE run_id = 'a'",
            .text(Timestamp.text(Timestamp.now() - 61))
        )
        #expect(try await data.call(RunsGet(runID: "a")).status == .crashed)
        #expect(try await data.call(RunsList()).runs.map(\.status) == [.crashed])
        try await data.call(RunsHeartbeat(runID: "a"))
        #expect(try await data.call(RunsGet(runID: "a")).status == .running)
    }

    @Test func aFinishedRunDoesNotCrash() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"))
        #expect(try await data.call(RunsFinish(runID: "a", status: .finished)).status == .finished)
        try data.change("UPDATE runs SET heartbeat_at = ? WHERE run_id = 'a'", .text(Timestamp.text(0)))
        let run = try await data.call(RunsGet(runID: "a"))
        #expect(run.status == .finished)
        #expect(run.finishedAt != nil)
    }

    @Test func stepsAndMetricsCountAsHeartbeats() async throws {
        let data = try TestData()
        for runID in ["steps", "metrics"] { try await data.call(RunsStart(runID: runID)) }
        try data.change("UPDATE runs SET heartbeat_at = ?", .text(Timestamp.text(0)))
        try await data.append("steps", try Steps.of("e", 0..<1))
        let row: JSONValue = ["table": "training_metrics", "metric_name": "loss", "metric_value": 1]
        try await data.call(MetricsAppend(runID: "metrics", rows: [row]))
        #expect(try await data.call(RunsList()).runs.map(\.status) == [.running, .running])
    }

    @Test(arguments: [RunStatus.running, .crashed])
    func aRunEndsFinishedOrFailed(status: RunStatus) async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"))
        let answer = try await data.answer("runs.finish", #"{"run_id":"a","status":"\#(status.rawValue)"}"#)
        guard case .failure(let error) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(error.kind == .invalidParams)
        #expect(error.message.hasSuffix("is none of: finished, failed"), "\(error.message)")
    }

    @Test func finishingClosesTheFileForOtherPrograms() async throws {
        let data = try TestData()
        try await data.append("a", try Steps.of("e", 0..<3))
        #expect(data.arrays.isWritable("a"))
        #expect(try await data.integers("SELECT file_open FROM runs WHERE run_id = 'a'") == [1])
        try await data.call(RunsFinish(runID: "a", status: .finished))
        #expect(!data.arrays.isWritable("a"))
        #expect(
            try await data.integers("SELECT file_open FROM runs WHERE run_id = 'a'") == [1],
            "until the next start has looked at it: a kill may come between the commit and the close"
        )
        #expect(try await data.append("a", try Steps.of("e", 3..<4)).firstIndex == 3)
    }

    // MARK: Lists

    @Test func runsAreListedTheLatestFirstPageByPageWhileOthersStart() async throws {
        let data = try TestData()
        for index in 0..<7 {
            try await data.call(RunsStart(runID: "run-\(index)"))
            let time = Timestamp.text(1_700_000_000 + Double(index / 2))
            try data.change("UPDATE runs SET started_at = ? WHERE run_id = ?", .text(time), .text("run-\(index)"))
        }
        var listed: [String] = []
        var cursor: String?
        repeat {
            let page = try await data.call(RunsList(limit: 2, cursor: cursor))
            listed += page.runs.map(\.runID)
            cursor = page.cursor
            try await data.call(RunsStart(runID: "later-\(listed.count)"))
        } while cursor != nil
        #expect(listed == (0..<7).reversed().map { "run-\($0)" })
    }

    @Test func theLastPageHasNoCursor() async throws {
        let data = try TestData()
        for index in 0..<4 { try await data.call(RunsStart(runID: "run-\(index)")) }
        #expect(try await data.call(RunsList(limit: 4)).cursor == nil)
        #expect(try await data.call(RunsList(limit: 3)).cursor != nil)
    }

    @Test(arguments: [0, -1])
    func aPageHasAtLeastOneRow(limit: Int) async throws {
        #expect(try await TestData().refusal(RunsList(limit: limit))?.kind == .invalidParams)
    }

    @Test(arguments: ["", "x", "e30=", "bnVsbA=="])
    func aForeignCursorIsRefused(cursor: String) async throws {
        #expect(try await TestData().refusal(RunsList(cursor: cursor))?.kind == .invalidParams)
    }

    // MARK: Deletion

    @Test func deletingRemovesRowsAndFileAndKeepsTheIDTaken() async throws {
        let data = try TestData()
        try await data.append("a", try Steps.of("e", 0..<3))
        try await data.append("b", try Steps.of("f", 0..<3))
        let row: JSONValue = ["table": "training_metrics", "metric_name": "loss", "metric_value": 1]
        for runID in ["a", "b"] { try await data.call(MetricsAppend(runID: runID, rows: [row])) }
        try await data.call(RunsDelete(runID: "a"))
        for table in ["steps", "episodes", "training_metrics", "run_datasets"] {
            #expect(try await data.strings("SELECT DISTINCT run_id FROM \(table)") == ["b"], "\(table)")
        }
        #expect(!FileManager.default.fileExists(atPath: data.directory.file("replay/a.h5")))
        #expect(FileManager.default.fileExists(atPath: data.directory.file("replay/b.h5")))
        #expect(try await data.call(RunsList()).runs.map(\.runID) == ["b"])
        #expect(try await data.refusal(RunsGet(runID: "a"))?.kind == .notFound)
        #expect(try await data.refusal(RunsDelete(runID: "a"))?.kind == .notFound)
        #expect(try await data.refusal(RunsStart(runID: "a"))?.kind == "run_deleted")
        let append = StepsAppend(runID: "a", steps: try Steps.of("g", 0..<1))
        #expect(try await data.refusal(append)?.kind == .notFound)
        #expect(try await data.resolve(["h5://a/frames/0"]) == [nil])
    }

    @Test func aRunThatLabelsReferToIsNotDeleted() async throws {
        let data = try TestData()
        for runID in ["a", "a0", "a-b"] { try await data.append(runID, try Steps.of("e-" + runID, 0..<2)) }
        let image = ImagesInsert.Image(filename: "x", frameRef: "h5://a/frames/1")
        try await data.call(ImagesInsert(images: [image]))
        let error = try #require(try await data.refusal(RunsDelete(runID: "a")))
        #expect(error.kind == .runInUse)
        #expect(error.details["by"] == "labels")
        #expect(try await data.resolve(["h5://a/frames/1"]) == [try Steps.frame(1)])
        for runID in ["a0", "a-b"] { try await data.call(RunsDelete(runID: runID)) }
    }

    @Test func appendsAndTheDeletionMayShareAGroup() async throws {
        let data = try TestData()
        try await data.append("a", try Steps.of("e", 0..<2))
        var group = GroupedWrites(data)
        try await group.add(StepsAppend(runID: "a", steps: try Steps.of("e", 2..<4)))
        try await group.add(RunsDelete(runID: "a"))
        try await group.add(StepsAppend(runID: "a", steps: try Steps.of("e", 4..<6)))
        let report = try await group.run()
        #expect((0..<3).map(report.refusal) == [nil, nil, .notFound])
        #expect(!FileManager.default.fileExists(atPath: data.directory.file("replay/a.h5")))
        #expect(try await data.integers("SELECT count(*) FROM steps") == [0])
    }

    @Test func statsCountWhatIsThere() async throws {
        let data = try TestData()
        try await data.append("a", try Steps.of("e", 0..<3) + Steps.of("f", 0..<2))
        try await data.append("b", try Steps.of("g", 0..<4))
        try await data.call(RunsDelete(runID: "b"))
        try await data.call(ImagesInsert(images: [.init(filename: "x"), .init(filename: "y")]))
        let stats = try await data.call(ServerStats())
        #expect(stats.runs == 1)
        #expect(stats.steps == 5)
        #expect(stats.episodes == 2)
        #expect(stats.images == 2)
        #expect(stats.queueDepth == 0)
        #expect(stats.version == "holdfast/\(holdfastVersion)")
        #expect(stats.databaseBytes > 0 && stats.diskFreeBytes > 0 && stats.uptime >= 0)
    }
}
