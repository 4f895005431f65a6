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
