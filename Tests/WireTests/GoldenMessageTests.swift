import NIOCore
import Testing

@testable import Wire

/// One test per message that spells its bytes: what another client must write and read.
@Suite struct GoldenMessageTests {
    private let stamp = ProducerStamp(producer: "p", seq: 1)

    private func expect(
        _ buffers: [ByteBuffer],
        _ payload: String,
        attachments: [[UInt8]] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(buffers.first.map { String(buffer: $0).dropFirst(4) } == payload[...], sourceLocation: sourceLocation)
        #expect(joined(buffers) == frameBytes(payload, attachments: attachments), sourceLocation: sourceLocation)
    }

    @Test func aPingWithItsLength() throws {
        let buffers = try Request.encode(ServerPing(), id: .integer(1))
        let payload = #"{"id":1,"jsonrpc":"2.0","method":"server.ping","params":{}}"#
        #expect(joined(buffers) == [0, 0, 0, 59] + Array(payload.utf8))
    }

    @Test func hello() throws {
        try expect(
            Request.encode(Hello(client: "c/1", token: "t", producer: "p"), id: .integer(0)),
            #"{"id":0,"jsonrpc":"2.0","method":"hello","params":{"client":"c/1","producer":"p","protocol":1,"#
                + #""token":"t"}}"#
        )
        let result = Hello.Result(
            server: "holdfast/1.2.3",
            limits: .init(payload: 10, attachments: 20),
            producer: .init(lastSeq: 4)
        )
        #expect(
            try encoded(result)
                == #"{"limits":{"attachments":20,"payload":10},"producer":{"last_seq":4},"protocol":1,"#
                + #""server":"holdfast/1.2.3"}"#
        )
    }

    @Test func runsStart() throws {
        let start = RunsStart(
            runID: "r",
            config: ["lr": 0.5],
            tags: ["a"],
            agentID: "g",
            workerID: "w",
            compression: "none"
        )
        try expect(
            Request.encode(start, id: .string("x")),
            #"{"id":"x","jsonrpc":"2.0","method":"runs.start","params":{"agent_id":"g","compression":"none","#
                + #""config":{"lr":0.5},"run_id":"r","tags":["a"],"worker_id":"w"}}"#
        )
    }

    @Test func runsFinish() throws {
        try expect(
            Request.encode(RunsFinish(runID: "r", status: .failed), id: .integer(2), stamp: stamp),
            #"{"id":2,"jsonrpc":"2.0","method":"runs.finish","params":{"producer":"p","run_id":"r","seq":1,"#
                + #""status":"failed"}}"#
        )
    }

    @Test func stepsAppendByRows() throws {
        let step = StepsAppend.Step(
            episodeID: "e",
            stepIndex: 0,
            action: .discrete(2),
            reward: 0.5,
            terminated: true,
            timestamp: 1.5,
            frame: try ArrayValue([1, 2] as [UInt8], shape: [1, 2]),
            observation: .arrays(["left": try ArrayValue([3] as [UInt8])]),
            info: ["k": .null]
        )
        try expect(
            Request.encode(StepsAppend(runID: "r", steps: [step]), id: .integer(3), stamp: stamp),
            #"{"attachments":[2,1],"id":3,"jsonrpc":"2.0","method":"steps.append","params":{"producer":"p","#
                + #""run_id":"r","seq":1,"steps":[{"action":2,"episode_id":"e","frame":{"attachment":0,"#
                + #""dtype":"uint8","shape":[1,2]},"info":{"k":null},"observation":{"left":{"attachment":1,"#
                + #""dtype":"uint8","shape":[1]}},"reward":0.5,"step_index":0,"terminated":true,"timestamp":1.5,"#
                + #""truncated":false}]}}"#,
            attachments: [[1, 2], [3]]
        )
    }

    @Test func stepsAppendByColumns() throws {
        let columns = StepsAppend.Columns(
            episodeID: try StringColumn(["e", "e"]),
            stepIndex: try ArrayValue([0, 1] as [Int64]),
            reward: try ArrayValue([0.0, 1.0]),
            terminated: try ArrayValue([false, true]),
            truncated: try ArrayValue([false, false]),
            frame: try ArrayValue([7, 8] as [UInt8], shape: [1, 2]),
            frameRows: try ArrayValue([1] as [UInt32])
        )
        try expect(
            Request.encode(StepsAppend(runID: "r", count: 2, columns: columns), id: .integer(4), stamp: stamp),
            #"{"attachments":[8,16,16,2,2,2,4],"id":4,"jsonrpc":"2.0","method":"steps.append","params":{"#
                + #""columns":{"episode_id":{"codes":{"attachment":0,"dtype":"uint32","shape":[2]},"#
                + #""values":["e"]},"frame":{"attachment":5,"dtype":"uint8","shape":[1,2]},"#
                + #""frame_rows":{"attachment":6,"dtype":"uint32","shape":[1]},"#
                + #""reward":{"attachment":2,"dtype":"float64","shape":[2]},"#
                + #""step_index":{"attachment":1,"dtype":"int64","shape":[2]},"#
                + #""terminated":{"attachment":3,"dtype":"bool","shape":[2]},"#
                + #""truncated":{"attachment":4,"dtype":"bool","shape":[2]}},"count":2,"producer":"p","#
                + #""run_id":"r","seq":1}}"#,
            attachments: [
                [0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
                [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F], [0, 1], [0, 0], [7, 8], [1, 0, 0, 0],
            ]
        )
    }

    @Test func metricsAppend() throws {
        let block = MetricsAppend.Block(
            table: "training_metrics",
            count: 1,
            columns: [
                "metric_value": .numbers(.init(try ArrayValue([1.0]), valid: try ArrayValue([true])))
            ]
        )
        try expect(
            Request.encode(MetricsAppend(runID: "r", columns: [block]), id: .integer(5), stamp: stamp),
            #"{"attachments":[8,1],"id":5,"jsonrpc":"2.0","method":"metrics.append","params":{"columns":[{"#
                + #""columns":{"metric_value":{"valid":{"attachment":1,"dtype":"bool","shape":[1]},"#
                + #""values":{"attachment":0,"dtype":"float64","shape":[1]}}},"count":1,"#
                + #""table":"training_metrics"}],"producer":"p","run_id":"r","seq":1}}"#,
            attachments: [[0, 0, 0, 0, 0, 0, 0xF0, 0x3F], [1]]
        )
    }

    @Test func episodesFinish() throws {
        try expect(
            Request.encode(EpisodesFinish(runID: "r", episodeID: "e", metadata: 1), id: .integer(6), stamp: stamp),
            #"{"id":6,"jsonrpc":"2.0","method":"episodes.finish","params":{"episode_id":"e","metadata":1,"#
                + #""producer":"p","run_id":"r","seq":1}}"#
        )
    }

    @Test func imagesInsert() throws {
        let image = ImagesInsert.Image(filename: "a/b.png", studyID: "s", frameNumber: 2, frameRef: "h5://r/frames/0")
        try expect(
            Request.encode(ImagesInsert(images: [image]), id: .integer(7), stamp: stamp),
            #"{"id":7,"jsonrpc":"2.0","method":"images.insert","params":{"images":[{"filename":"a/b.png","#
                + #""frame_number":2,"frame_ref":"h5://r/frames/0","study_id":"s"}],"producer":"p","seq":1}}"#
        )
    }

    @Test func framesResolve() throws {
        try expect(
            Request.encode(FramesResolve(refs: ["h5://r/frames/0"], missing: .null, stack: false), id: .integer(8)),
            #"{"id":8,"jsonrpc":"2.0","method":"frames.resolve","params":{"missing":"null","#
                + #""refs":["h5://r/frames/0"],"stack":false}}"#
        )
    }

    @Test func labelsNext() throws {
        try expect(
            Request.encode(
                LabelsNext(limit: 2, label: "l", explorationRate: 0.25, seed: 1, annotator: "me"),
                id: .integer(9)
            ),
            #"{"id":9,"jsonrpc":"2.0","method":"labels.next","params":{"annotator":"me","exploration_rate":0.25,"#
                + #""label":"l","limit":2,"seed":1}}"#
        )
    }

    @Test func aResponseWithArrays() throws {
        let array = try ArrayValue([1, 2] as [UInt8])
        let sink = AttachmentSink()
        let result = try JSONCoding.encode(FramesResolve.Result(frames: .separate([array, nil])), sink: sink)
        let response = Response(id: .integer(1), outcome: .result(result, attachments: sink.attachments))
        try expect(
            response.encode(),
            #"{"jsonrpc":"2.0","id":1,"result":{"frames":[{"attachment":0,"dtype":"uint8","shape":[2]},null]},"#
                + #""attachments":[2]}"#,
            attachments: [[1, 2]]
        )
    }

    @Test func anError() throws {
        let error = WireError(.diskFull, "no room")
        try expect(
            Response(id: .integer(1), outcome: .failure(error)).encode(),
            #"{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"data":{"final":false,"kind":"disk_full"},"#
                + #""message":"no room"}}"#
        )
    }
}
