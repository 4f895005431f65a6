import Wire

/// The requests on their way, numbered: what to send next, and what an answer or a cut means.
///
/// It knows neither sockets nor time; its owner carries out what it returns. A number, once given, stays with its
/// request until the server settles it, so that sending it again does nothing twice; only when the server has
/// forgotten acknowledged numbers (it was restored from a backup) does the outbox take a new producer id.
struct Outbox<Item: Sendable>: Sendable {
    /// A request to send now.
    struct Dispatch: Sendable {
        /// The request's id on the connection.
        let id: Int64
        let stamp: ProducerStamp
        let item: Item
        /// Whether it has never been sent.
        let isFirst: Bool
    }

    /// What the server said to a request.
    enum Answer: Sendable {
        case accepted
        /// For its content; the number is consumed.
        case refused
        /// For the server's state; nothing is consumed.
        case postponed
        /// The server expects another number.
        case gap(expected: Int64)
    }

    /// What follows from an answer.
    enum Consequence: Sendable {
        case nothing
        /// The request is done with, accepted or refused.
        case settled(Item)
        /// Wait a while, then call ``resume(makingProducer:)``.
        case pause
        case settledThenPause(Item)
    }

    private struct Entry: Sendable {
        var seq: Int64
        let item: Item
        var wasSent = false
        /// Its id while an answer is outstanding on the present connection.
        var id: Int64?
    }

    private(set) var producer: String
    /// The number given last.
    private(set) var lastSeq: Int64 = 0
    private var lastID: Int64 = 0
    private var entries: [Entry] = []
    private var phase = Phase.offline
    /// The server has forgotten numbers that it acknowledged.
    private var needsNewProducer = false

    private enum Phase: Sendable {
        case offline
        case sending
        /// Something was postponed: nothing is sent until all answers are in and the owner resumes.
        case stopping
        case paused
    }

    /// - Parameter lastSeq: The last number that was given to a request of this producer.
    init(producer: String, lastSeq: Int64 = 0) {
        self.producer = producer
        self.lastSeq = lastSeq
    }

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    /// The requests that are not settled, in order.
    var items: [Item] { entries.map(\.item) }
    /// The requests that are not settled, with their numbers.
    var numbered: [(seq: Int64, item: Item)] { entries.map { ($0.seq, $0.item) } }
    /// Whether an answer is outstanding.
    var isAwaitingAnswer: Bool { entries.contains { $0.id != nil } }

    /// Numbers a request; it is sent after all others.
    mutating func add(_ item: Item) {
        lastSeq += 1
        entries.append(Entry(seq: lastSeq, item: item))
    }

    /// Leaves out numbers up to one, which were given before.
    mutating func skip(through seq: Int64) { lastSeq = max(lastSeq, seq) }

    /// The next request to send, if one may be sent.
    mutating func next() -> Dispatch? {
        guard case .sending = phase, let index = entries.firstIndex(where: { $0.id == nil }) else { return nil }
        lastID += 1
        let isFirst = !entries[index].wasSent
        entries[index].id = lastID
        entries[index].wasSent = true
        let stamp = ProducerStamp(producer: producer, seq: entries[index].seq)
        return Dispatch(id: lastID, stamp: stamp, item: entries[index].item, isFirst: isFirst)
    }

    /// A connection is up, and the server has answered `hello`; true when a new producer id had to be taken.
    mutating func connected(serverLastSeq: Int64, makingProducer make: () -> String) -> Bool {
        for index in entries.indices { entries[index].id = nil }
        phase = .sending
        let settled = entries.first.map { $0.seq - 1 } ?? lastSeq
        // Behind what it settled: restored. Ahead of what was ever numbered: someone else wrote under this id.
        guard serverLastSeq < settled || serverLastSeq > lastSeq else { return false }
        renumber(make())
        return true
    }

    /// Takes out requests that a server with lower limits than before can't be sent, under a new producer id.
    ///
    /// What the server knows already is settled without its answer: `known`; the rest that does not fit is lost.
    mutating func discard(
        serverLastSeq: Int64,
        fits: (Item) -> Bool,
        makingProducer make: () -> String
    ) -> (known: [Item], lost: [Item]) {
        let known = entries.filter { $0.seq <= serverLastSeq }.map(\.item)
        entries.removeAll { $0.seq <= serverLastSeq }
        let lost = items.filter { !fits($0) }
        entries.removeAll { !fits($0.item) }
        renumber(make())
        return (known, lost)
    }

    /// The connection is gone, and with it the answers to whatever was on its way.
    mutating func disconnected() {
        for index in entries.indices { entries[index].id = nil }
        phase = .offline
    }

    /// The server answered the request with this id.
    mutating func answered(_ id: Int64, _ answer: Answer) -> Consequence {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return .nothing }
        entries[index].id = nil
        switch answer {
        case .accepted, .refused:
            let item = entries.remove(at: index).item
            return pausesNow() ? .settledThenPause(item) : .settled(item)
        case .gap(let expected):
            if let first = entries.first, expected < first.seq { needsNewProducer = true }
        case .postponed: break
        }
        phase = .stopping
        return pausesNow() ? .pause : .nothing
    }

    /// Sends again, in order, from the first request that is not settled; true when a new producer id had to be taken.
    mutating func resume(makingProducer make: () -> String) -> Bool {
        guard case .paused = phase else { return false }
        phase = .sending
        guard needsNewProducer else { return false }
        renumber(make())
        return true
    }

    private mutating func pausesNow() -> Bool {
        guard case .stopping = phase, !isAwaitingAnswer else { return false }
        phase = .paused
        return true
    }

    private mutating func renumber(_ producer: String) {
        self.producer = producer
        needsNewProducer = false
        for index in entries.indices { entries[index].seq = Int64(index) + 1 }
        lastSeq = Int64(entries.count)
    }
}

extension Outbox.Consequence: Equatable where Item: Equatable {}
