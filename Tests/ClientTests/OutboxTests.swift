import Testing
import Wire

@testable import Holdfast

@Suite struct OutboxTests {
    private var outbox = Outbox<String>(producer: "p1")

    private func makeNoProducer() -> String {
        Issue.record("no new producer id is needed")
        return "unexpected"
    }

    private mutating func connect(serverLastSeq: Int64 = 0) {
        let isRestored = outbox.connected(serverLastSeq: serverLastSeq, makingProducer: makeNoProducer)
        #expect(!isRestored)
    }

    private mutating func resume() {
        let isRestored = outbox.resume(makingProducer: makeNoProducer)
        #expect(!isRestored)
    }

    private mutating func sendAll() -> [Outbox<String>.Dispatch] {
        var sent: [Outbox<String>.Dispatch] = []
        while let dispatch = outbox.next() { sent.append(dispatch) }
        return sent
    }

    @Test mutating func nothingIsSentBeforeTheConnectionIsUp() {
        outbox.add("a")
        #expect(outbox.next() == nil)
        connect()
        #expect(outbox.next()?.item == "a")
    }

    @Test mutating func requestsAreNumberedFromOneInOrder() {
        connect()
        for item in ["a", "b", "c"] { outbox.add(item) }
        let sent = sendAll()
        #expect(sent.map(\.item) == ["a", "b", "c"])
        #expect(sent.map(\.stamp) == [1, 2, 3].map { ProducerStamp(producer: "p1", seq: $0) })
        #expect(Set(sent.map(\.id)).count == 3)
        #expect(sent.allSatisfy { $0.isFirst })
        #expect(outbox.isAwaitingAnswer)
    }

    @Test(arguments: [true, false]) mutating func anAnswerThatConsumesTheNumberSettles(isAccepted: Bool) {
        connect()
        outbox.add("a")
        outbox.add("b")
        let sent = sendAll()
        #expect(outbox.answered(sent[0].id, isAccepted ? .accepted : .refused) == .settled("a"))
        #expect(outbox.items == ["b"])
        outbox.add("c")
        #expect(sendAll().map(\.stamp.seq) == [3])
    }

    @Test mutating func afterACutWhatIsNotSettledIsSentAgainUnderItsNumbers() {
        connect()
        for item in ["a", "b", "c"] { outbox.add(item) }
        let first = sendAll()
        _ = outbox.answered(first[0].id, .accepted)
        outbox.disconnected()
        #expect(!outbox.isAwaitingAnswer)
        #expect(outbox.next() == nil)
        connect(serverLastSeq: 2)
        let second = sendAll()
        #expect(second.map(\.item) == ["b", "c"])
        #expect(second.map(\.stamp) == first.dropFirst().map(\.stamp))
        #expect(second.allSatisfy { !$0.isFirst })
        #expect(outbox.answered(first[1].id, .accepted) == .nothing, "an answer of the old connection means nothing")
    }

    @Test mutating func aPostponedRequestPausesUntilAllAnswersAreInAndIsThenSentFirst() {
        connect()
        for item in ["a", "b", "c"] { outbox.add(item) }
        let first = sendAll()
        #expect(outbox.answered(first[0].id, .postponed) == .nothing)
        #expect(outbox.next() == nil, "a request sent now could only meet a gap")
        #expect(outbox.answered(first[1].id, .gap(expected: 1)) == .nothing)
        #expect(outbox.answered(first[2].id, .gap(expected: 1)) == .pause)
        outbox.add("d")
        #expect(outbox.next() == nil)
        resume()
        let second = sendAll()
        #expect(second.map(\.item) == ["a", "b", "c", "d"])
        #expect(second.map(\.stamp.seq) == [1, 2, 3, 4])
    }

    @Test mutating func anAcceptedRequestMayBeTheLastAnswerBeforeAPause() {
        connect()
        outbox.add("a")
        outbox.add("b")
        let sent = sendAll()
        #expect(outbox.answered(sent[1].id, .postponed) == .nothing)
        #expect(outbox.answered(sent[0].id, .accepted) == .settledThenPause("a"))
        resume()
        #expect(sendAll().map(\.item) == ["b"])
    }

    @Test mutating func aCutDuringAPauseEndsIt() {
        connect()
        outbox.add("a")
        let sent = sendAll()
        #expect(outbox.answered(sent[0].id, .postponed) == .pause)
        outbox.disconnected()
        connect()
        resume()
        #expect(sendAll().map(\.item) == ["a"])
    }

    @Test mutating func aServerThatForgotAcknowledgedNumbersGetsANewProducer() {
        connect()
        for item in ["a", "b", "c"] { outbox.add(item) }
        for dispatch in sendAll().prefix(2) { _ = outbox.answered(dispatch.id, .accepted) }
        outbox.disconnected()
        let isRestored = outbox.connected(serverLastSeq: 1) { "p2" }
        #expect(isRestored)
        outbox.add("d")
        let sent = sendAll()
        #expect(sent.map(\.item) == ["c", "d"])
        #expect(sent.map(\.stamp) == [1, 2].map { ProducerStamp(producer: "p2", seq: $0) })
    }

    @Test mutating func aServerThatForgotEverythingGetsANewProducerEvenWhenNothingIsHeld() {
        connect()
        outbox.add("a")
        for dispatch in sendAll() { _ = outbox.answered(dispatch.id, .accepted) }
        outbox.disconnected()
        let isRestored = outbox.connected(serverLastSeq: 0) { "p2" }
        #expect(isRestored)
        outbox.add("b")
        #expect(sendAll().map(\.stamp) == [ProducerStamp(producer: "p2", seq: 1)])
    }

    @Test mutating func aServerAheadOfAllNumbersGetsANewProducer() {
        outbox.add("a")
        let isForeign = outbox.connected(serverLastSeq: 7) { "p2" }
        #expect(isForeign, "number 1 would be answered as a duplicate and not stored")
        #expect(sendAll().map(\.stamp) == [ProducerStamp(producer: "p2", seq: 1)])
    }

    @Test mutating func aGapBeforeEverythingHeldGetsANewProducer() {
        connect()
        for item in ["a", "b", "c"] { outbox.add(item) }
        let sent = sendAll()
        _ = outbox.answered(sent[0].id, .accepted)
        #expect(outbox.answered(sent[1].id, .gap(expected: 1)) == .nothing)
        #expect(outbox.answered(sent[2].id, .gap(expected: 1)) == .pause)
        let isRestored = outbox.resume { "p2" }
        #expect(isRestored)
        #expect(sendAll().map(\.stamp) == [1, 2].map { ProducerStamp(producer: "p2", seq: $0) })
    }

    @Test mutating func requestsBeyondLoweredLimitsAreTakenOut() {
        connect()
        for item in ["a", "b", "large", "c"] { outbox.add(item) }
        _ = sendAll()
        outbox.disconnected()
        let (known, lost) = outbox.discard(serverLastSeq: 1, fits: { $0.utf8.count == 1 }, makingProducer: { "p2" })
        #expect(known == ["a"])
        #expect(lost == ["large"])
        connect()
        let sent = sendAll()
        #expect(sent.map(\.item) == ["b", "c"])
        #expect(sent.map(\.stamp) == [1, 2].map { ProducerStamp(producer: "p2", seq: $0) })
    }

    @Test mutating func anUnknownAnswerMeansNothing() {
        connect()
        #expect(outbox.answered(99, .postponed) == .nothing)
        outbox.add("a")
        #expect(outbox.next()?.item == "a")
    }
}
