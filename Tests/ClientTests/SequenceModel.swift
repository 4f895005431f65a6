import Wire

@testable import Holdfast

/// The server's rules for numbered writes, without the server.
struct SequenceModel<Item: Sendable>: Sendable {
    /// What the server makes of a write that is next.
    enum Verdict: Sendable {
        case accept
        case refuse
        case postpone
    }

    private(set) var lastSeq: [String: Int64] = [:]
    private var answers: [ProducerStamp: Outbox<Item>.Answer] = [:]
    /// The accepted writes in the order in which they were applied.
    private(set) var applied: [Item] = []
    private(set) var refused: [Item] = []

    /// Answers a write; `duplicate` says that it was answered before.
    mutating func receive(
        _ item: Item,
        _ stamp: ProducerStamp,
        verdict: Verdict
    ) -> (answer: Outbox<Item>.Answer, duplicate: Bool) {
        let last = lastSeq[stamp.producer, default: 0]
        if let answer = answers[stamp] { return (answer, true) }
        guard stamp.seq == last + 1 else { return (.gap(expected: last + 1), false) }
        let answer: Outbox<Item>.Answer
        switch verdict {
        case .postpone: return (.postponed, false)
        case .accept:
            answer = .accepted
            applied.append(item)
        case .refuse:
            answer = .refused
            refused.append(item)
        }
        answers[stamp] = answer
        lastSeq[stamp.producer] = stamp.seq
        return (answer, false)
    }
}
