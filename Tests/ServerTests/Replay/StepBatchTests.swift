import HDF5
import NIOCore
import Testing
import Wire

@testable import Server

struct StepBatchTests {
    private typealias Step = StepsAppend.Step

    /// Three steps of two episodes: the second has no frame, the third no observation.
    private static func rows() throws -> [StepsAppend.Step] {
        [
            Step(
                episodeID: "a",
                stepIndex: 0,
                action: .discrete(2),
                reward: 0.5,
                timestamp: 10,
                frame: try Steps.frame(1),
                observation: .array(try ArrayValue([1, 2] as [Float])),
                info: ["lives": 3],
                agentID: "dqn",
                workerID: "w"
            ),
            Step(
                episodeID: "b",
                stepIndex: 0,
                action: .discrete(0),
                reward: -1,
                terminated: true,
                timestamp: 11,
                observation: .array(try ArrayValue([3, 4] as [Float])),
                workerID: "w"
            ),
            Step(
                episodeID: "a",
                stepIndex: 1,
                action: .discrete(1),
                reward: 2,
                truncated: true,
                timestamp: 12,
                frame: try Steps.frame(3),
                info: ["lives": 2],
                agentID: "dqn",
                workerID: "w"
            ),
        ]
    }

    private static func columns() throws -> StepsAppend.Columns {
        let frames = try Steps.frame(1).bytes.readableBytesView + Steps.frame(3).bytes.readableBytesView
        return StepsAppend.Columns(
            episodeID: try StringColumn(["a", "b", "a"]),
            stepIndex: try ArrayValue([0, 0, 1] as [Int64]),
            action: try ArrayValue([2, 0, 1] as [UInt8]),
            reward: try ArrayValue([0.5, -1, 2]),
            terminated: try ArrayValue([false, true, false]),
            truncated: try ArrayValue([false, false, true]),
            timestamp: try ArrayValue([10.0, 11, 12]),
            frame: try ArrayValue(Array(frames), shape: [2] + Steps.frameShape),
            frameRows: try ArrayValue([0, 2] as [UInt32]),
            observation: .array(try ArrayValue([1, 2, 3, 4] as [Float], shape: [2, 2])),
            observationRows: try ArrayValue([0, 1] as [UInt32]),
            info: try StringColumn([#"{"lives":3}"#, nil, #"{"lives":2}"#]),
            agentID: try StringColumn(["dqn", nil, "dqn"]),
            workerID: try StringColumn(["w", "w", "w"])
        )
    }

    @Test func rowsAndColumnsAreTheSameBatch() throws {
        let batches = [try StepBatch(steps: Self.rows()), try StepBatch(count: 3, columns: Self.columns())]
        for batch in batches {
            #expect(batch.count == 3)
            #expect((0..<3).map(batch.episodes.value) == ["a", "b", "a"])
            #expect(batch.stepIndices == [0, 0, 1])
            #expect(batch.rewards == [0.5, -1, 2])
            #expect(batch.terminated == [false, true, false])
            #expect(batch.truncated == [false, false, true])
            #expect(batch.timestamps == [10, 11, 12])
            #expect(batch.infos == [#"{"lives":3}"#, nil, #"{"lives":2}"#])
            #expect(batch.agents.map { agents in (0..<3).map(agents.value) } == ["dqn", nil, "dqn"])
            #expect(batch.workers.map { workers in (0..<3).map(workers.value) } == ["w", "w", "w"])
            #expect(batch.frames?.rows == [0, 2])
            #expect(batch.frames?.layout == (try RowLayout(dtype: .uint8, shape: Steps.frameShape)))
            #expect(batch.observations.first?.rows == [0, 1])
            guard case .discrete(let actions) = batch.actions else {
                Issue.record("the actions are not discrete")
                continue
            }
            #expect(actions == [2, 0, 1])
        }
    }

    @Test func rowsAndColumnsAreStoredAlike() async throws {
        let data = try TestData()
        for runID in ["rows", "columns"] { try await data.call(RunsStart(runID: runID)) }
        try await data.call(StepsAppend(runID: "rows", steps: try Self.rows()))
        try data.change("UPDATE steps SET episode_id = 'rows ' || episode_id")
        try data.change("UPDATE episodes SET episode_id = 'rows ' || episode_id")
        try await data.call(StepsAppend(runID: "columns", count: 3, columns: try Self.columns()))
        func steps(_ runID: String) async throws -> [String?] {
            try await data.strings(
                """
                SELECT step_index || '|' || action || '|' || reward || '|' || terminated || truncated || '|' || timestamp
                || '|' || coalesce(replace(frame_ref, run_id, ''), '') || '|' || coalesce(replace(obs_ref, run_id, ''), '')
                || '|' || coalesce(CAST(info AS TEXT), '') || '|' || coalesce(agent_id, '') || '|' || worker_id
                FROM steps WHERE run_id = ? ORDER BY rowid
                """,
                .text(runID)
            )
        }
        let stored = try await steps("columns")
        #expect(stored == (try await steps("rows")))
        #expect(
            stored.first
                == "0|2|0.5|00|1970-01-01T00:00:10.000000Z|h5:///frames/0|h5:///observations/0|{\"lives\":3}|dqn|w"
        )
        for dataset in ["frames", "observations", "rewards", "actions", "dones", "episode_index"] {
            let refs = (0..<3).map { index in ["h5://rows/\(dataset)/\(index)", "h5://columns/\(dataset)/\(index)"] }
            let (rows, columns) = (
                try await data.resolve(refs.map { $0[0] }), try await data.resolve(refs.map { $0[1] })
            )
            #expect(rows == columns, "\(dataset)")
        }
    }

    // MARK: Refusals

    private func refused(_ steps: [Step], sourceLocation: SourceLocation = #_sourceLocation) -> WireError.Kind? {
        #expect(throws: WireError.self, sourceLocation: sourceLocation) { try StepBatch(steps: steps) }?.kind
    }

    @Test func stepsThatCantBeStoredAreRefused() throws {
        let good = Step(episodeID: "a", stepIndex: 0, reward: 0)
        var bad = [good, good, good, good, good, good, good]
        bad[0].reward = .nan
        bad[1].stepIndex = -1
        bad[2].episodeID = ""
        bad[3].episodeID = String(repeating: "a", count: 513)
        bad[4].episodeID = "a\0b"
        bad[5].timestamp = .nan
        bad[6].timestamp = 1e18
        for step in bad { #expect(refused([good, step]) == .invalidParams) }
        #expect(refused([]) == .invalidParams)
    }

    @Test func refusalsNameTheStep() throws {
        let steps = [Step(episodeID: "a", stepIndex: 0, reward: 0), Step(episodeID: "a", stepIndex: 1, reward: .nan)]
        let error = #expect(throws: WireError.self) { try StepBatch(steps: steps) }
        #expect(error?.message.contains("step 1") == true)
    }

    @Test func infiniteRewardsAreAllowed() throws {
        let steps = [Step(episodeID: "a", stepIndex: 0, reward: .infinity)]
        #expect(try StepBatch(steps: steps).rewards == [.infinity])
    }

    @Test func framesOfOneBatchHaveOneShapeAndDtype() throws {
        let others = [
            try Steps.frame(1, shape: [3, 4]), try ArrayValue([Int8](repeating: 0, count: 12), shape: [4, 3]),
        ]
        for other in others {
            let steps = [
                Step(episodeID: "a", stepIndex: 0, reward: 0, frame: try Steps.frame(1)),
                Step(episodeID: "a", stepIndex: 1, reward: 0, frame: other),
            ]
            #expect(refused(steps) == .shapeMismatch)
        }
    }

    @Test(arguments: [Int64(Int32.max) + 1, Int64(Int32.min) - 1, .max])
    func anIntegerActionFits32Bits(action: Int64) throws {
        #expect(refused([Step(episodeID: "a", stepIndex: 0, action: .discrete(action), reward: 0)]) == .invalidParams)
        var columns = try Self.columns()
        columns.action = try ArrayValue([0, action, 0])
        #expect(throws: WireError.self) { try StepBatch(count: 3, columns: columns) }
    }

    @Test func floatAndVectorActionsAreArrays() throws {
        let vector = try ArrayValue([0.5, 1] as [Float])
        for (action, shape) in [(Action.continuous(0.5), []), (.array(vector), [2])] {
            let batch = try StepBatch(steps: [
                Step(episodeID: "a", stepIndex: 0, reward: 0),
                Step(episodeID: "a", stepIndex: 1, action: action, reward: 0),
            ])
            guard case .arrays(let source, let rows) = batch.actions else {
                Issue.record("the actions are not arrays")
                continue
            }
            #expect(rows == [1])
            #expect(source.layout.shape == shape)
        }
    }

    @Test(arguments: ["", "a/b", "é", "a b", String(repeating: "a", count: 52)])
    func anObservationsNameIsPartOfADatasetsName(name: String) throws {
        let step = Step(
            episodeID: "a",
            stepIndex: 0,
            reward: 0,
            observation: .arrays([name: try ArrayValue([1.0])])
        )
        #expect(refused([step]) == .invalidParams)
    }

    /// What can be wrong with columns.
    private static let damages: [@Sendable (inout StepsAppend.Columns) throws -> Void] = [
        { $0.stepIndex = try ArrayValue([0, 1] as [Int64]) },
        { $0.stepIndex = try ArrayValue([0, 1, 2] as [Int32]) },
        { $0.stepIndex = try ArrayValue([0, 1, 2] as [Int64], shape: [3, 1]) },
        { $0.stepIndex = try ArrayValue([0, -1, 2] as [Int64]) },
        { $0.reward = try ArrayValue([0, 1, 2] as [Float]) },
        { $0.reward = try ArrayValue([0, .nan, 2]) },
        { $0.terminated = try ArrayValue([0, 1, 0] as [UInt8]) },
        { $0.truncated = try ArrayValue([true]) },
        { $0.timestamp = try ArrayValue([1.0, 2, .infinity]) },
        { $0.episodeID = try StringColumn(["a", "b"]) },
        { $0.episodeID = try StringColumn(["a", nil, "b"]) },
        { $0.info = try StringColumn(["{", nil, nil]) },
        { $0.agentID = try StringColumn(["a"]) },
        { $0.action = try ArrayValue([1, 2] as [Int32]) },
        { $0.action = try ArrayValue([1] as [Int32], shape: []) },
        { $0.frameRows = nil },
        { $0.frameRows = try ArrayValue([0] as [UInt32]) },
        { $0.frameRows = try ArrayValue([2, 0] as [UInt32]) },
        { $0.frameRows = try ArrayValue([1, 1] as [UInt32]) },
        { $0.frameRows = try ArrayValue([0, 3] as [UInt32]) },
        { $0.frameRows = try ArrayValue([0, 2] as [Int64]) },
        { $0.frame = try ArrayValue([1] as [UInt8], shape: []) },
        { $0.observationRows = nil },
    ]

    @Test(arguments: 0..<23)
    func columnsThatAreNotAsAnnouncedAreRefused(index: Int) throws {
        var columns = try Self.columns()
        try Self.damages[index](&columns)
        let error = #expect(throws: WireError.self) { try StepBatch(count: 3, columns: columns) }
        #expect(error?.kind == .invalidParams)
        #expect(error?.isFinal == true)
    }

    @Test(arguments: [0, -1, StepBatch.maximumCount + 1, .max])
    func aRequestHasOneToAHundredThousandSteps(count: Int) throws {
        let columns = try Self.columns()
        #expect(throws: WireError.self) { try StepBatch(count: count, columns: columns) }
    }

    @Test func aRequestIsEitherRowsOrColumns() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"))
        var both = StepsAppend(runID: "a", count: 3, columns: try Self.columns())
        both.steps = try Self.rows()
        var neither = StepsAppend(runID: "a", steps: [])
        neither.steps = nil
        for request in [both, neither] { #expect(try await data.refusal(request)?.kind == .invalidParams) }
    }

    @Test func namesEqualOnlyAfterNormalisationStayApart() throws {
        let steps = ["\u{e9}", "e\u{301}"].map { Step(episodeID: $0, stepIndex: 0, reward: 0) }
        let batch = try StepBatch(steps: steps)
        #expect(batch.episodes.codes == [0, 1])
    }

    @Test func aValueThatStandsTwiceInAColumnIsOneName() throws {
        let column: StringColumn = try JSONCoding.decode(
            from: ByteBuffer(
                string: #"{"values":["a","b","a"],"codes":{"dtype":"uint8","shape":[4],"base64":"AAECAw=="}}"#
            )
        )
        let names = try StepBatch.Names(column, count: 4, name: "episode_id")
        #expect((0..<4).map(names.value) == ["a", "b", "a", nil])
        #expect(names.codes[0] == names.codes[2])
    }
}
