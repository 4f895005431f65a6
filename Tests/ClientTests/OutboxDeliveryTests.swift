import Testing
import Wire

@testable import Holdfast

/// An outbox, a network that loses and delays, and the server's rules, driven by a seed.
private struct Simulation {
    typealias Model = SequenceModel<Int>

    var outbox = Outbox<Int>(producer: "p0")
    var server = Model()
    /// Settled by the client; a late copy of a postponed request can put one behind its successors.
    var settled: [Int] = []
    private(set) var added = 0
    private(set) var producers = 1
    private var isConnected = false
    private var isPaused = false
    /// On its way to the server on the present connection.
    private var outgoing: [Outbox<Int>.Dispatch] = []
    private var answers: [(id: Int64, answer: Outbox<Int>.Answer)] = []
    /// Of connections that were cut, but still arrives.
    private var late: [Outbox<Int>.Dispatch] = []
    private var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &generator) < percent }

    mutating func add() {
        added += 1
        outbox.add(added)
    }

    /// One random thing happens.
    mutating func step(faults: Bool) {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: if let dispatch = outbox.next() { outgoing.append(dispatch) }
        case 1, 2: serve(faults: faults)
        case 3: takeAnswer()
        case 4: if isPaused { resume() }
        default:
            if !isConnected {
                connect()
            } else if faults, chance(15) {
                cut()
            } else if !late.isEmpty {
                let dispatch = late.removeFirst()
                _ = server.receive(dispatch.item, dispatch.stamp, verdict: .accept)
            }
        }
    }

    private mutating func serve(faults: Bool) {
        guard !outgoing.isEmpty else { return }
        let dispatch = outgoing.removeFirst()
        let verdict: Model.Verdict = faults && chance(10) ? .postpone : faults && chance(10) ? .refuse : .accept
        answers.append((dispatch.id, server.receive(dispatch.item, dispatch.stamp, verdict: verdict).answer))
    }

    private mutating func takeAnswer() {
        guard !answers.isEmpty else { return }
        let (id, answer) = answers.removeFirst()
        switch outbox.answered(id, answer) {
        case .nothing: break
        case .settled(let item): settled.append(item)
        case .pause: isPaused = true
        case .settledThenPause(let item):
            settled.append(item)
            isPaused = true
        }
    }

    private mutating func resume() {
        isPaused = false
        if outbox.resume(makingProducer: { "p\(producers)" }) { producers += 1 }
    }

    private mutating func connect() {
        isConnected = true
        let last = server.lastSeq[outbox.producer, default: 0]
        if outbox.connected(serverLastSeq: last, makingProducer: { "p\(producers)" }) { producers += 1 }
    }

    private mutating func cut() {
        late += outgoing
        end()
    }

    private mutating func end() {
        outgoing = []
        answers = []
        isConnected = false
        isPaused = false
        outbox.disconnected()
    }

    /// The server dies and comes back as it was when the backup was made.
    mutating func restore(_ backup: Model) {
        late = []
        end()
        server = backup
    }

    mutating func drain() {
        var steps = 0
        while !outbox.isEmpty, steps < 100_000 {
            step(faults: false)
            steps += 1
        }
    }
}

@Suite struct OutboxDeliveryTests {
    @Test(arguments: 0..<300 as Range<UInt64>)
    func everythingIsAppliedExactlyOnceInOrder(seed: UInt64) {
        var simulation = Simulation(seed: seed)
        for _ in 0..<2_000 {
            if simulation.added < 60, simulation.outbox.count < 8, simulation.chance(30) { simulation.add() }
            simulation.step(faults: true)
        }
        simulation.drain()
        let all = Array(1...simulation.added)
        #expect(simulation.outbox.isEmpty)
        #expect(simulation.settled.sorted() == all)
        #expect((simulation.server.applied + simulation.server.refused).sorted() == all)
        #expect(simulation.server.applied == simulation.server.applied.sorted())
        #expect(simulation.producers == 1)
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func aRestoredServerGetsWhatIsHeldExactlyOnce(seed: UInt64) {
        var simulation = Simulation(seed: seed)
        var backup = simulation.server
        var survives = Set<Int>()
        for round in 0..<2_000 {
            if simulation.added < 60, simulation.outbox.count < 8, simulation.chance(30) { simulation.add() }
            simulation.step(faults: true)
            if round % 400 == 150 { backup = simulation.server }
            if round % 400 == 390 {
                simulation.restore(backup)
                survives = Set(backup.applied + backup.refused + simulation.outbox.items)
                survives.formUnion(simulation.added + 1..<1000)
            }
        }
        simulation.drain()
        #expect(simulation.outbox.isEmpty)
        let handled = simulation.server.applied + simulation.server.refused
        #expect(Set(handled).count == handled.count, "nothing twice")
        #expect(Set(handled) == survives.intersection(1...simulation.added))
        #expect(simulation.server.applied == simulation.server.applied.sorted())
    }
}
