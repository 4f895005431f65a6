import HDF5
import NIOCore
import Testing
import Wire

@testable import Server

struct StepWriterTests {
    private typealias Step = StepsAppend.Step

    @Test func stepKOfARequestIsRowFirstIndexPlusK() async throws {
        let data = try TestData()
        #expect(try await data.append("run", try Steps.of("a", 0..<3)).firstIndex == 0)
        let second = try await data.append("run", try Steps.of("b", 0..<2))
        #expect(second.stored == 2)
        #expect(second.firstIndex == 3)
        let refs = try await data.strings("SELECT frame_ref FROM steps ORDER BY rowid")
        #expect(refs == (0..<5).map { "h5://run/frames/\($0)" })
        #expect(try await data.resolve(refs.compactMap { $0 }) == [0, 1, 2, 0, 1].map { try Steps.frame($0) })
    }

    @Test func interleavedEpisodesHaveTheirStartsAndLengths() async throws {
        let data = try TestData()
        let (a, b) = (try Steps.of("a", 0..<4, reward: 1), try Steps.of("b", 0..<3, reward: 2))
        try await data.append("run", [a[0], b[0], a[1]])
        try await data.append("run", [b[1], a[2], b[2], a[3]])
        #expect(try await data.integers(in: "episodes/starts", of: "run", count: 3) == [0, 1, nil])
        #expect(try await data.integers(in: "episodes/lengths", of: "run", count: 3) == [4, 3, nil])
        #expect(try await data.integers(in: "episode_index", of: "run", count: 7) == [0, 1, 0, 1, 0, 1, 0])
        let episodes = try await data.call(EpisodesList(runID: "run", order: .steps)).episodes
        #expect(episodes.map(\.episodeID) == ["b", "a"])
        #expect(episodes.map(\.steps) == [3, 4])
        #expect(episodes.map(\.totalReward) == [6, 4])
        #expect(try await data.call(RunsGet(runID: "run")).episodes == 2)
    }

    @Test func rollUpsTellHowEpisodesEnded() async throws {
        let data = try TestData()
        var steps = try Steps.of("a", 0..<2) + Steps.of("b", 0..<2) + Steps.of("c", 0..<2)
        steps[1].terminated = true
        steps[3].truncated = true
        try await data.append("run", steps)
        try await data.append("run", try Steps.of("a", 2..<3))
        for (episode, ends) in [("a", [true, false]), ("b", [false, true]), ("c", [false, false])] {
            let found = try await data.call(EpisodesGet(episodeID: episode))
            #expect(found.terminated == ends[0])
            #expect(found.truncated == ends[1])
        }
        let dones = try await data.integers(in: "dones", of: "run", count: 6)
        #expect(dones == [0, 1, 0, 1, 0, 0])
    }

    @Test func finishingAnEpisodeTellsItsRollUp() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<3, reward: 0.5))
        let finish = EpisodesFinish(runID: "run", episodeID: "a", metadata: ["seed": 7])
        let result = try await data.call(finish)
        #expect(result.steps == 3)
        #expect(result.totalReward == 1.5)
        let episode = try await data.call(EpisodesGet(episodeID: "a"))
        #expect(episode.finished)
        #expect(episode.metadata == ["seed": 7])
        #expect(try await data.refusal(EpisodesFinish(runID: "run", episodeID: "b"))?.kind == .notFound)
        try await data.call(RunsStart(runID: "other"))
        let foreign = try await data.refusal(EpisodesFinish(runID: "other", episodeID: "a"))
        #expect(foreign?.kind == .episodeOfOtherRun)
    }

    @Test func aStepWithoutAFrameLeavesAFillRow() async throws {
        let data = try TestData()
        let steps = try Steps.of("a", 0..<1) + Steps.of("a", 1..<2, withFrames: false) + Steps.of("a", 2..<3)
        try await data.append("run", steps)
        let refs = try await data.strings("SELECT frame_ref FROM steps ORDER BY rowid")
        #expect(refs == ["h5://run/frames/0", nil, "h5://run/frames/2"])
        #expect(
            try await data.resolve((0..<3).map { "h5://run/frames/\($0)" })
                == [try Steps.frame(0), nil, try Steps.frame(2)]
        )
    }

    @Test func requestsWithAndWithoutFramesMayTakeTurns() async throws {
        let first = try TestData()
        try await first.append("run", try Steps.of("a", 0..<2, withFrames: false))
        try await first.append("run", try Steps.of("a", 2..<4))
        try await first.append("run", try Steps.of("a", 4..<6, withFrames: false))
        try await first.close()
        let second = try TestData(in: first.directory)
        #expect(try await second.append("run", try Steps.of("a", 6..<8)).firstIndex == 6)
        let refs = (0..<8).map { "h5://run/frames/\($0)" }
        let expected = try [nil, nil, 2, 3, nil, nil, 6, 7].map { index in try index.map { try Steps.frame($0) } }
        #expect(try await second.resolve(refs) == expected)
    }

    @Test func aRunGoesOnWhereItStoodAfterAReopening() async throws {
        let first = try TestData()
        try await first.append("run", try Steps.of("a", 0..<5))
        try await first.close()
        let second = try TestData(in: first.directory)
        #expect(try await second.append("run", try Steps.of("a", 5..<7)).firstIndex == 5)
        let refs = (0..<7).map { "h5://run/frames/\($0)" }
        #expect(try await second.resolve(refs) == (0..<7).map { try Steps.frame($0) })
        #expect(try await second.integers(in: "episodes/lengths", of: "run", count: 1) == [7])
    }

    @Test(arguments: ["lzf", "gzip-1", "gzip-6", "none"])
    func framesComeBackWhateverTheCompression(compression: String) async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "run", compression: compression))
        let steps = try (0..<5).map { index in
            Step(
                episodeID: "a",
                stepIndex: Int64(index),
                reward: 0,
                frame: try ArrayValue([UInt8](repeating: UInt8(index), count: 3000), shape: [30, 100])
            )
        }
        try await data.append("run", steps)
        #expect(try await data.resolve((0..<5).map { "h5://run/frames/\($0)" }) == steps.map(\.frame))
    }

    @Test(arguments: [[], [1], [0], [0, 3], [2, 1, 3, 1]])
    func framesMayHaveAnyShape(shape: [Int]) async throws {
        let data = try TestData()
        let frames = try (0..<3).map { try Steps.frame($0, shape: shape) }
        let steps = frames.enumerated().map { Step(episodeID: "a", stepIndex: Int64($0), reward: 0, frame: $1) }
        try await data.append("run", steps)
        #expect(try await data.resolve((0..<3).map { "h5://run/frames/\($0)" }) == frames)
    }

    // MARK: Observations and actions

    @Test func dictObservationsHaveADatasetForEachName() async throws {
        let data = try TestData()
        let steps = try (0..<3).map { index in
            Step(
                episodeID: "a",
                stepIndex: Int64(index),
                reward: 0,
                observation: .arrays([
                    "position": try ArrayValue([Double(index), 1]), "camera": try Steps.frame(index),
                ])
            )
        }
        try await data.append("run", steps)
        let refs = try await data.strings("SELECT obs_ref FROM steps ORDER BY rowid")
        #expect(refs == (0..<3).map { "h5://run/observations.camera/\($0)" })
        let read = try await data.call(EpisodesSteps(episodeID: "a", arrays: [.observation]))
        guard case .arrays(let arrays)? = read.observation else {
            Issue.record("the observation is not a dict")
            return
        }
        #expect(arrays["position"] == (try ArrayValue([0.0, 1, 1, 1, 2, 1], shape: [3, 2])))
        #expect(arrays["camera"]?.shape == [3] + Steps.frameShape)
        #expect(arrays.count == 2)
    }

    @Test func floatActionsAreInTheFileOnly() async throws {
        let data = try TestData()
        let steps = try (0..<3).map { index in
            let action = Action.array(try ArrayValue([Float(index), 0.5]))
            return Step(episodeID: "a", stepIndex: Int64(index), action: index == 1 ? nil : action, reward: 0)
        }
        try await data.append("run", steps)
        #expect(try await data.integers("SELECT count(action) FROM steps") == [0])
        let stored = try await data.resolve((0..<3).map { "h5://run/actions/\($0)" })
        #expect(
            stored == [
                try ArrayValue([Float(0), 0.5]), try ArrayValue([Float(0), 0]), try ArrayValue([Float(2), 0.5]),
            ]
        )
    }

    @Test(arguments: [Action.continuous(0.5), .array(try ArrayValue([0.5] as [Float], shape: []))])
    func integersAreFloatsWhereTheRunsActionsAre(first: Action) async throws {
        let data = try TestData()
        func step(_ index: Int64, _ action: Action?) -> Step {
            Step(episodeID: "e", stepIndex: index, action: action, reward: 0)
        }
        try await data.append("run", [step(0, first)])
        try await data.append("run", [step(1, .discrete(-3)), step(2, nil), step(3, .discrete(0))])
        let stored = try await data.resolve((0..<4).map { "h5://run/actions/\($0)" })
        let isSingle = stored[0]?.dtype == .float32
        let values: [Double] = [0.5, -3, 0, 0]
        for (array, value) in zip(stored, values) {
            #expect(try array == (isSingle ? ArrayValue([Float(value)], shape: []) : ArrayValue([value], shape: [])))
        }
        #expect(try await data.strings("SELECT action FROM steps") == [nil, nil, nil, nil])
    }

    @Test func aFloatThatWouldBeAnotherNumberIsAShapeMismatch() async throws {
        let data = try TestData()
        let (half, large) = (try ArrayValue([0.5] as [Float], shape: []), Action.discrete(1 << 24 + 1))
        try await data.append("run", [.init(episodeID: "e", stepIndex: 0, action: .array(half), reward: 0)])
        let step = Step(episodeID: "e", stepIndex: 1, action: large, reward: 0)
        #expect(try await data.refusal(StepsAppend(runID: "run", steps: [step]))?.kind == .shapeMismatch)
    }

    @Test func actionsOfAnotherKindAreAShapeMismatch() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<1))
        let step = Step(episodeID: "a", stepIndex: 1, action: .continuous(0.5), reward: 0)
        #expect(try await data.refusal(StepsAppend(runID: "run", steps: [step]))?.kind == .shapeMismatch)
    }

    // MARK: Refusals

    @Test func aDuplicateStepRefusesItsRequestAndLeavesNoHole() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<3))
        let steps = try Steps.of("b", 0..<2) + Steps.of("a", 2..<3)
        let error = try #require(try await data.refusal(StepsAppend(runID: "run", steps: steps)))
        #expect(error.kind == .duplicateStep)
        #expect(error.isFinal)
        #expect(error.details["episode_id"] == "a")
        #expect(error.details["step_index"] == 2)
        #expect(try await data.integers("SELECT count(*) FROM steps") == [3])
        #expect(try await data.refusal(EpisodesGet(episodeID: "b"))?.kind == .notFound)
        #expect(try await data.append("run", try Steps.of("a", 3..<4)).firstIndex == 3)
        #expect(try await data.resolve(["h5://run/frames/3", "h5://run/frames/4"]) == [try Steps.frame(3), nil])
        #expect(try await data.integers(in: "episodes/lengths", of: "run", count: 2) == [4, nil])
    }

    @Test func aStepTwiceInARequestIsADuplicate() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "run"))
        let steps = try Steps.of("a", 0..<2) + Steps.of("a", 1..<2)
        #expect(try await data.refusal(StepsAppend(runID: "run", steps: steps))?.kind == .duplicateStep)
    }

    @Test func anEpisodeBelongsToOneRun() async throws {
        let data = try TestData()
        try await data.append("one", try Steps.of("a", 0..<1))
        try await data.call(RunsStart(runID: "two"))
        let error = try await data.refusal(StepsAppend(runID: "two", steps: try Steps.of("a", 1..<2)))
        #expect(error?.kind == .episodeOfOtherRun)
        #expect(error?.details["run_id"] == "one")
    }

    @Test func framesOfAnotherShapeOrDtypeAreRefused() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<1))
        for frame in [
            try Steps.frame(1, shape: [4, 3, 1]), try ArrayValue([Float](repeating: 0, count: 12), shape: [4, 3]),
        ] {
            let step = Step(episodeID: "a", stepIndex: 1, reward: 0, frame: frame)
            let error = try await data.refusal(StepsAppend(runID: "run", steps: [step]))
            #expect(error?.kind == .shapeMismatch)
            #expect(error?.details["dataset"] == "frames")
        }
        #expect(try await data.append("run", try Steps.of("a", 1..<2)).firstIndex == 1)
    }

    @Test func aReturnThatIsNoNumberIsRefusedForGood() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "run"))
        let steps = [Double.infinity, -.infinity].enumerated().map {
            Step(episodeID: "a", stepIndex: Int64($0), reward: $1)
        }
        // Not for the server's state: the client would send it for ever.
        #expect(try await data.refusal(StepsAppend(runID: "run", steps: steps))?.isFinal == true)
        try await data.append("run", [steps[0]])
        #expect(try await data.refusal(StepsAppend(runID: "run", steps: [steps[1]]))?.isFinal == true)
    }

    @Test(arguments: [CompressedRows.Encoding.lzf, .zlib])
    func compressedRowsThatDoNotDecompressAreRefused(encoding: CompressedRows.Encoding) async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "run"))
        let frame = try ArrayValue(
            dtype: .uint8,
            shape: [1, 100],
            bytes: ByteBuffer(bytes: [255, 255, 255, 255]),
            rows: CompressedRows(encoding: encoding, sizes: [4])
        )
        let columns = StepsAppend.Columns(
            episodeID: try StringColumn(["a"]),
            stepIndex: try ArrayValue([0] as [Int64]),
            reward: try ArrayValue([0.0]),
            terminated: try ArrayValue([false]),
            truncated: try ArrayValue([false]),
            frame: frame
        )
        let error = try await data.refusal(StepsAppend(runID: "run", count: 1, columns: columns))
        #expect(error?.kind == .invalidParams)
        #expect(try await data.integers("SELECT count(*) FROM steps") == [0])
    }
}
