import NIOCore
import Testing
import Wire

@testable import Server

struct ReplayReadTests {
    // MARK: Episodes

    /// Twelve episodes of two runs, with ties in every order.
    private func episodes() async throws -> TestData {
        let data = try TestData()
        for index in 0..<12 {
            var steps = try Steps.of("e\(index)", 0..<(1 + index % 3), reward: Double(index % 4) * 0.1)
            for step in steps.indices { steps[step].timestamp = 1_700_000_000 + Double(index / 2) }
            try await data.append(index % 2 == 0 ? "even" : "odd", steps)
        }
        return data
    }

    @Test(
        arguments: [EpisodesList.Order.startedAt, .totalReward, .steps],
        [(nil, false), ("even", true), (nil, true), ("odd", false)] as [(String?, Bool)]
    )
    func pagesGoThroughAllOrdersWhileEpisodesAreAdded(
        order: EpisodesList.Order,
        of: (run: String?, down: Bool)
    ) async throws {
        let data = try await episodes()
        let column = [.startedAt: "timestamp", .totalReward: "total_reward", .steps: "steps"][order] ?? ""
        let direction = of.down ? "DESC" : "ASC"
        let filter = of.run.map { "WHERE run_id = '\($0)'" } ?? ""
        let expected = try await data.strings(
            "SELECT episode_id FROM episodes \(filter) ORDER BY \(column) \(direction), episode_id \(direction)"
        )
        var listed: [String] = []
        var cursor: String?
        repeat {
            let list = EpisodesList(runID: of.run, order: order, descending: of.down, limit: 2, cursor: cursor)
            let page = try await data.call(list)
            listed += page.episodes.map(\.episodeID)
            cursor = page.cursor
            try await data.append("other", try Steps.of("new-\(listed.count)", 0..<1))
        } while cursor != nil
        #expect(listed.filter { !$0.hasPrefix("new") } == expected)
        #expect(Set(listed).count == listed.count)
    }

    @Test(arguments: [(EpisodesList.Order.startedAt, false), (.steps, false), (.totalReward, true)])
    func aCursorOfAnotherOrderIsRefused(order: EpisodesList.Order, descending: Bool) async throws {
        let data = try await episodes()
        let page = try await data.call(EpisodesList(order: .totalReward, limit: 1))
        let error = try await data.refusal(
            EpisodesList(order: order, descending: descending, cursor: page.cursor)
        )
        #expect(error?.kind == .invalidParams)
        #expect(error?.message.contains("a list by total_reward, ascending") == true)
    }

    @Test func infiniteReturnsArePagedToo() async throws {
        let data = try TestData()
        for (index, reward) in [-Double.infinity, -1, .infinity, 1, .infinity].enumerated() {
            try await data.append("run", try Steps.of("e\(index)", 0..<1, reward: reward))
        }
        var listed: [String] = []
        var cursor: String?
        repeat {
            let page = try await data.call(EpisodesList(order: .totalReward, limit: 1, cursor: cursor))
            listed += page.episodes.map(\.episodeID)
            cursor = page.cursor
        } while cursor != nil
        #expect(listed == ["e0", "e1", "e3", "e2", "e4"])
    }

    @Test(arguments: [EpisodesList.Order.startedAt, .totalReward, .steps], [true, false])
    func listsUseAnIndex(order: EpisodesList.Order, isOfOneRun: Bool) async throws {
        let data = try TestData()
        let column = [.startedAt: "timestamp", .totalReward: "total_reward", .steps: "steps"][order] ?? ""
        let plan = try await data.catalog.read { connection in
            try connection.rows(
                """
                EXPLAIN QUERY PLAN SELECT episode_id FROM episodes WHERE \(isOfOneRun ? "run_id = 'a' AND" : "")
                (\(column), episode_id) > (1, 'x') ORDER BY \(column), episode_id LIMIT 10
                """
            ) { $0.string(3) }
        }
        #expect(plan.allSatisfy { $0.hasPrefix("SEARCH episodes USING") }, "\(plan)")
    }

    // MARK: Steps

    @Test func anEpisodesStepsComeByIndexPageByPage() async throws {
        let data = try TestData()
        for start in [6, 0, 3] { try await data.append("run", try Steps.of("a", start..<(start + 3))) }
        var steps: [StoredStep] = []
        var cursor: String?
        repeat {
            let page = try await data.call(EpisodesSteps(episodeID: "a", limit: 4, cursor: cursor, arrays: [.frame]))
            #expect(page.frame?.shape == [page.steps.count] + Steps.frameShape)
            steps += page.steps
            cursor = page.cursor
        } while cursor != nil
        #expect(steps.map(\.stepIndex) == Array(0..<9))
        #expect(steps.map(\.frameRef) == [3, 4, 5, 6, 7, 8, 0, 1, 2].map { "h5://run/frames/\($0)" })
    }

    @Test func aRunsStepsComeInTheOrderOfArrival() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("b", 0..<2))
        try await data.append("other", try Steps.of("x", 0..<2))
        try await data.append("run", try Steps.of("a", 0..<2))
        let steps = try await data.call(EpisodesSteps(runID: "run")).steps
        #expect(steps.map(\.episodeID) == ["b", "b", "a", "a"])
    }

    @Test(
        arguments: [(nil, nil, 0..<6), (2, nil, 2..<6), (nil, 2, 0..<2), (2, 4, 2..<4), (4, 2, 0..<0), (9, nil, 0..<0)]
            as [(Int64?, Int64?, Range<Int64>)]
    )
    func rangesAreHalfOpen(from: Int64?, to: Int64?, indices: Range<Int64>) async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<6))
        let steps = try await data.call(EpisodesSteps(episodeID: "a", from: from, to: to)).steps
        #expect(steps.map(\.stepIndex) == Array(indices))
    }

    @Test func framesAreThoseOfTheStepsThatHaveOne() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<1, withFrames: false) + Steps.of("a", 1..<3))
        let result = try await data.call(EpisodesSteps(episodeID: "a", arrays: [.frame, .observation]))
        #expect(result.frame?.shape == [2] + Steps.frameShape)
        #expect(result.observation == nil)
        #expect(result.steps.map { $0.frameRef != nil } == [false, true, true])
    }

    /// Steps of two episodes of a run by turns, each with its number as action; only some have a frame to tell their row.
    private func actions(_ action: (Int) throws -> Action) async throws -> TestData {
        let data = try TestData()
        for start in stride(from: 0, to: 12, by: 3) {
            let steps = try (start..<(start + 3)).flatMap { index in
                try ["a", "b"].flatMap { try Steps.of($0, index..<(index + 1), withFrames: index == 4) }
            }
            try await data.append(
                "run",
                try steps.enumerated().map { place, step in
                    var step = step
                    step.action = try action(2 * start + place)
                    return step
                }
            )
            try await data.append("other", try Steps.of("x\(start)", 0..<2, withFrames: false))
        }
        return data
    }

    @Test func actionsOfAnyKindComeWithTheirSteps() async throws {
        let data = try await actions { .array(try ArrayValue([Float($0), -Float($0)])) }
        let page = try await data.call(EpisodesSteps(episodeID: "b", from: 2, to: 7, arrays: [.action]))
        #expect(page.action?.shape == [5, 2])
        #expect(page.action?.doubles() == [5, -5, 7, -7, 9, -9, 11, -11, 13, -13])
        #expect(page.steps.allSatisfy { $0.action == nil })
        let drawn = try await data.call(
            StepsSample(n: 3, episodeIDs: ["a"], seed: 1, sequenceLength: 2, arrays: [.action])
        )
        #expect(drawn.action?.shape == [3, 2, 2])
        let numbers = drawn.steps.flatMap { [Double(2 * $0.stepIndex), -Double(2 * $0.stepIndex)] }
        #expect(drawn.action?.doubles() == numbers)
        let integers = try await data.call(EpisodesSteps(episodeID: "x0", arrays: [.action])).action
        #expect(integers?.integers() == [0, 1])
    }

    @Test func stepsWithoutAnActionHaveZeros() async throws {
        let data = try TestData()
        var steps = try Steps.of("a", 0..<4, withFrames: false)
        for index in steps.indices { steps[index].action = index == 1 ? .continuous(0.5) : nil }
        try await data.append("run", steps)
        #expect(
            try await data.call(EpisodesSteps(episodeID: "a", arrays: [.action])).action?.doubles() == [0, 0.5, 0, 0]
        )
        for index in steps.indices { steps[index].action = nil }
        for index in steps.indices { steps[index].episodeID = "none" }
        try await data.append("none", steps)
        #expect(try await data.call(EpisodesSteps(episodeID: "none", arrays: [.action])).action == nil)
    }

    @Test func aFrameTellsItsStep() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 5..<8) + Steps.of("b", 0..<2))
        let refs = ["h5://run/frames/3", "h5://run/frames/9", "h5://run/rewards/0", "h5://run/frames/1"]
        let found = try await data.call(StepsFind(refs: refs)).steps
        #expect(found.map { $0?.episodeID } == ["b", nil, nil, "a"])
        #expect(found.map { $0?.stepIndex } == [0, nil, nil, 6])
        #expect(try await data.refusal(StepsFind(refs: ["run/frames/0"]))?.kind == .invalidReference)
        let tooMany = StepsFind(refs: Array(repeating: refs[0], count: 1001))
        #expect(try await data.refusal(tooMany)?.kind == .invalidParams)
    }

    @Test func whatDoesNotExistIsNotFound() async throws {
        let data = try TestData()
        #expect(try await data.refusal(EpisodesSteps(episodeID: "a"))?.kind == .notFound)
        #expect(try await data.refusal(EpisodesSteps(runID: "a"))?.kind == .notFound)
        #expect(try await data.refusal(EpisodesGet(episodeID: "a"))?.kind == .notFound)
        #expect(try await data.refusal(EpisodesSteps())?.kind == .invalidParams)
        #expect(try await data.refusal(EpisodesSteps(episodeID: "a", runID: "a"))?.kind == .invalidParams)
    }

    // MARK: References

    private func framesOfTwoRuns() async throws -> TestData {
        let data = try TestData()
        try await data.append("one", try Steps.of("a", 0..<10))
        try await data.append("two", try Steps.of("b", 20..<30))
        return data
    }

    @Test func arraysComeInTheOrderAskedForWithDuplicates() async throws {
        let data = try await framesOfTwoRuns()
        let asked = [("two", 3), ("one", 9), ("one", 0), ("two", 3), ("one", 9), ("two", 0)]
        let arrays = try await data.resolve(asked.map { "h5://\($0)/frames/\($1)" })
        #expect(try arrays == asked.map { try Steps.frame($0 == "one" ? $1 : 20 + $1) })
    }

    @Test func missingArraysAreAnErrorOrNull() async throws {
        let data = try await framesOfTwoRuns()
        let refs = ["h5://one/frames/0", "h5://one/frames/10", "h5://none/frames/0", "h5://one/depth/0"]
        let error = try #require(try await data.refusal(FramesResolve(refs: refs)))
        #expect(error.kind == .notFound)
        #expect(error.details["index"] == 1)
        #expect(error.details["ref"] == "h5://one/frames/10")
        #expect(try await data.resolve(refs) == [try Steps.frame(0), nil, nil, nil])
    }

    @Test func aStackIsOneArray() async throws {
        let data = try await framesOfTwoRuns()
        let refs = ["h5://two/frames/0", "h5://one/frames/1", "h5://two/frames/0"]
        guard case .stacked(let array) = try await data.call(FramesResolve(refs: refs, stack: true)).frames else {
            Issue.record("the arrays are not stacked")
            return
        }
        let frames = try [20, 1, 20].map { try Array(Steps.frame($0).bytes.readableBytesView) }
        #expect(array.shape == [3] + Steps.frameShape)
        #expect(Array(array.bytes.readableBytesView) == frames.flatMap { $0 })
    }

    @Test func aStackNeedsOneShapeAndNothingMissing() async throws {
        let data = try await framesOfTwoRuns()
        let mixed = FramesResolve(refs: ["h5://one/frames/0", "h5://one/rewards/0"], stack: true)
        #expect(try await data.refusal(mixed)?.kind == .shapeMismatch)
        let missing = FramesResolve(refs: ["h5://one/frames/0", "h5://one/frames/99"], missing: .null, stack: true)
        #expect(try await data.refusal(missing)?.kind == .notFound)
        #expect(try await data.refusal(FramesResolve(refs: [], stack: true))?.kind == .invalidParams)
        #expect(try await data.resolve([]) == [])
    }

    @Test(arguments: [
        "", "h5://", "h5://one/frames", "h5://one/frames/-1", "h5://one/frames/+1", "h5://one/frames/01",
        "h5://one/frames/1 ", " h5://one/frames/1", "h5://one/frames/1/2", "h5://../one/frames/1", "H5://one/frames/1",
        "h5://one/frames/9223372036854775808", "h5://one/episodes/starts/0", "h5://one//1", "h5://o%6ee/frames/1",
    ])
    func otherTextsAreNoReferences(ref: String) async throws {
        let data = try TestData()
        #expect(try await data.refusal(FramesResolve(refs: [ref], missing: .null))?.kind == .invalidReference)
    }

    @Test func manyReferencesAreReadInPieces() async throws {
        let data = try await framesOfTwoRuns()
        let refs = (0..<1500).map { "h5://one/frames/\($0 * 7 % 10)" }
        #expect(try await data.resolve(refs) == (0..<1500).map { try Steps.frame($0 * 7 % 10) })
        let tooMany = FramesResolve(refs: Array(repeating: refs[0], count: Replay.maximumRefs + 1))
        #expect(try await data.refusal(tooMany)?.kind == .invalidParams)
    }

    @Test func arraysBeyondTheLimitAreRefused() async throws {
        let data = try await framesOfTwoRuns()
        let resolve = FramesResolve(refs: (0..<10).map { "h5://one/frames/\($0)" })
        let error = try await data.refusal(resolve, limits: FrameLimits(payload: 1 << 20, attachments: 100))
        #expect(error?.kind == .resultTooLarge)
        #expect(error?.details["limit"] == 100)
    }
}
