import NIOCore
import Testing
import Wire

@testable import Server

struct ProducersTests {
    private func stamp(_ seq: Int64) -> ProducerStamp { ProducerStamp(producer: TestData.producer, seq: seq) }

    private func text(_ outcome: Response.Outcome) -> String {
        switch outcome {
        case .result(let bytes, _): String(buffer: bytes)
        case .failure(let error): "\(error.kind.rawValue) final=\(error.isFinal)"
        }
    }

    private func lastSeq(_ data: TestData) async throws -> Int64 {
        try await data.catalog.read { try Producers.lastSeq(TestData.producer, $0) }
    }

    @Test func anUnknownProducerHasSentNothing() async throws {
        #expect(try await lastSeq(TestData()) == 0)
    }

    @Test func writesCountUpFromOne() async throws {
        let data = try TestData()
        for seq in 1...3 {
            try await data.call(RunsStart(runID: "run-\(seq)"), stamp: stamp(Int64(seq)))
            #expect(try await lastSeq(data) == Int64(seq))
        }
    }

    @Test func aRepeatedWriteGetsItsAnswerMarkedAndIsNotApplied() async throws {
        let data = try TestData()
        let first = try await data.outcome(RunsStart(runID: "a"), stamp: stamp(1))
        #expect(text(first) == #"{"resumed":false,"run_id":"a"}"#)
        let again = try await data.outcome(RunsStart(runID: "a"), stamp: stamp(1))
        #expect(text(again) == #"{"duplicate":true,"resumed":false,"run_id":"a"}"#)
        let other = try await data.outcome(RunsStart(runID: "b"), stamp: stamp(1))
        #expect(text(other) == text(again))
        #expect(try await data.integers("SELECT count(*) FROM runs WHERE run_id = 'b'") == [0])
    }

    @Test func anotherMethodIsNotTheSameWrite() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"), stamp: stamp(1))
        let error = try #require(try await data.refusal(RunsHeartbeat(runID: "a"), stamp: stamp(1)))
        #expect(error.kind == .invalidParams && error.message.contains("was runs.start"))
        try await data.call(RunsHeartbeat(runID: "a"), stamp: stamp(2))
        let again = try await data.outcome(RunsStart(runID: "a"), stamp: stamp(1))
        #expect(text(again) == #"{"duplicate":true,"resumed":false,"run_id":"a"}"#)
    }

    @Test func whoMayNotAskIsNotToldTheFirstAnswer() async throws {
        let data = try TestData()
        let request = try TestData.request(RunsStart(runID: "a"), stamp: stamp(1))
        let context = CallContext(
            arrayEncoding: .attachment,
            limits: FrameLimits(),
            access: Access(roles: [.read]),
            earlierWrites: {}
        )
        try await data.call(RunsStart(runID: "a"), stamp: stamp(1))
        #expect(text(await data.dispatcher.outcome(of: request, context)) == "forbidden final=false")
        let again = try await data.outcome(RunsStart(runID: "a"), stamp: stamp(1))
        #expect(text(again) == #"{"duplicate":true,"resumed":false,"run_id":"a"}"#)
    }

    @Test func anAnswerWithASecretIsNotKept() async throws {
        let data = try TestData()
        let create = TokensCreate(name: "boss", roles: [.admin])
        #expect(try await data.call(create, stamp: stamp(1)).token.hasPrefix("hf_"))
        #expect(text(try await data.outcome(create, stamp: stamp(1))) == #"{"duplicate":true}"#)
        #expect(try await data.strings("SELECT CAST(answer AS TEXT) FROM producer_answers") == ["{}"])
        #expect(try await data.refusal(RunsStart(runID: "a"), stamp: stamp(1))?.kind == .invalidParams)
        #expect(try await lastSeq(data) == 1)
    }

    @Test func aGapSaysWhatIsExpectedAndStoresNothing() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"), stamp: stamp(1))
        let error = try #require(try await data.refusal(RunsStart(runID: "c"), stamp: stamp(3)))
        #expect(error.kind == .sequenceGap)
        #expect(!error.isFinal)
        #expect(error.details["expected"] == 2)
        #expect(try await lastSeq(data) == 1)
        #expect(try await data.integers("SELECT count(*) FROM runs WHERE run_id = 'c'") == [0])
    }

    @Test func aFirstSeqBeyondOneIsAGap() async throws {
        let error = try await TestData().refusal(RunsStart(runID: "a"), stamp: stamp(2))
        #expect(error?.kind == .sequenceGap)
        #expect(error?.details["expected"] == 1)
    }

    @Test func aRefusalForContentUsesItsPlaceAndIsRepeated() async throws {
        let data = try TestData()
        let first = try #require(try await data.refusal(RunsHeartbeat(runID: "none"), stamp: stamp(1)))
        #expect(first.kind == .notFound)
        #expect(first.isFinal)
        #expect(try await lastSeq(data) == 1)
        try await data.call(RunsStart(runID: "none"), stamp: stamp(2))
        let again = try await data.refusal(RunsHeartbeat(runID: "none"), stamp: stamp(1))
        #expect(again == first)
    }

    @Test func parametersThatDoNotDecodeUseTheirPlaceToo() async throws {
        let data = try TestData()
        let params = #"{"run_id":5,"producer":"\#(TestData.producer)","seq":1}"#
        let first = try await data.answer("runs.start", params)
        #expect(text(first) == "invalid_params final=true")
        #expect(try await lastSeq(data) == 1)
        #expect(try await data.answer("runs.start", params) == first)
    }

    @Test func answersOlderThan1024AreForgottenButTheWritesAreNot() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"), stamp: stamp(1))
        for seq in 2...Producers.remembered + 1 {
            try await data.call(RunsHeartbeat(runID: "a"), stamp: stamp(seq))
        }
        #expect(text(try await data.outcome(RunsStart(runID: "x"), stamp: stamp(1))) == #"{"duplicate":true}"#)
        #expect(
            text(try await data.outcome(RunsHeartbeat(runID: "x"), stamp: stamp(2)))
                == #"{"duplicate":true,"run_id":"a","status":"running"}"#
        )
        #expect(try await data.integers("SELECT count(*) FROM producer_answers") == [Producers.remembered])
        #expect(try await data.integers("SELECT count(*) FROM runs WHERE run_id = 'x'") == [0])
    }

    @Test func answersSurviveAReopening() async throws {
        let first = try TestData()
        let result = try await first.outcome(RunsStart(runID: "a"), stamp: stamp(1))
        let refusal = try await first.outcome(RunsHeartbeat(runID: "none"), stamp: stamp(2))
        try await first.close()
        let second = try TestData(in: first.directory)
        let marked = text(result).replacing("{", with: #"{"duplicate":true,"#, maxReplacements: 1)
        #expect(text(try await second.outcome(RunsStart(runID: "a"), stamp: stamp(1))) == marked)
        #expect(try await second.outcome(RunsHeartbeat(runID: "none"), stamp: stamp(2)) == refusal)
        try await second.call(RunsStart(runID: "b"), stamp: stamp(3))
    }

    @Test func producersCountByThemselves() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"), stamp: ProducerStamp(producer: TestData.producer, seq: 1))
        try await data.call(
            RunsStart(runID: "b"),
            stamp: ProducerStamp(producer: TestData.producer.replacing("a", with: "b"), seq: 1)
        )
        #expect(try await lastSeq(data) == 1)
    }
}
