import NIOCore
import Wire

/// A spool as its sender sees it: what is to be sent next, and how far it is delivered. Used on the sender's loop only.
final class SpoolQueue: @unchecked Sendable {  // made on one thread, then used on the sender's loop only
    /// A batch on its way.
    private struct Open {
        let ordinal: Int64
        let start: UInt64
        let end: UInt64
        let lastSequence: UInt64
        let limits: FrameLimits
        /// The requests that are not settled.
        var parts: [UInt32]
    }

    let folder: SpoolFolder
    private let lock: FileLock
    private let file: SpoolStateFile
    private let reader: SpoolReader
    private var open: [Open] = []
    private var lastOrdinal: Int64 = 0
    private var cleanedThrough: UInt64 = 0
    /// Where the next record is read.
    private(set) var place: UInt64
    /// The last record that was read.
    private(set) var lastRead: UInt64 = 0
    private(set) var state: SpoolState

    /// The queue of a new spool.
    ///
    /// - Parameter path: Where its folder is while it is being made.
    init(new folder: SpoolFolder, madeAt path: String, _ state: SpoolState) throws {
        guard let lock = try Self.lock(SpoolFolder(path: path)) else {
            throw HoldfastError(.spool, "\(folder.path) is in use")
        }
        self.folder = folder
        self.lock = lock
        file = try SpoolStateFile(folder: path)
        try file.write(state)
        reader = SpoolReader(folder)
        self.state = state
        place = 0
    }

    /// The queue of a spool that another process left; nil if it is not for this server, or someone sends it already.
    ///
    /// - Parameter server: nil: whichever it is for.
    /// - Throws: ``SpoolDamage`` when it has no state, which tells what was sent.
    init?(left folder: SpoolFolder, for server: String?) throws {
        guard let lock = try Self.lock(folder) else { return nil }
        guard let file = try SpoolStateFile(in: folder), let state = try file.read() else { throw SpoolDamage.state }
        guard server.map({ ServerAddress.mayTake(state.server, at: $0) }) ?? true else { return nil }
        self.file = file
        self.folder = folder
        self.lock = lock
        reader = SpoolReader(folder)
        self.state = state
        place = state.head
    }

    private static func lock(_ folder: SpoolFolder) throws -> FileLock? {
        try FileLock("\(folder.path)/\(SpoolFolder.senderLock)")
    }

    /// Where a damaged record ends the spool.
    var damage: UInt64? { reader.damage }

    // MARK: Reading

    /// The requests that were on their way when the spool was left, cut as they were then.
    func resume() throws -> Outbox<OutgoingRequest> {
        let first = state.cuts.first?.firstSeq ?? state.nextSeq
        var outbox = Outbox<OutgoingRequest>(producer: state.producer, lastSeq: first - 1)
        for cut in state.cuts {
            guard let batch = try read(from: cut.start, through: cut.end, records: .max, bytes: .max) else { break }
            let limits = FrameLimits(payload: Int(cut.payloadLimit), attachments: Int(cut.attachmentsLimit))
            let ordinal = nextOrdinal()
            let (requests, _) = BatchSplitter.split(batch, limits: limits, ordinal: ordinal)
            let left = requests.filter { cut.parts.contains($0.part) }
            open.append(
                Open(
                    ordinal: ordinal,
                    start: cut.start,
                    end: cut.end,
                    lastSequence: batch.lastSequence,
                    limits: limits,
                    parts: left.map(\.part)
                )
            )
            for request in left { outbox.add(request) }
            place = cut.end
            lastRead = batch.lastSequence
        }
        // Of records that are damaged since, the server may have had requests: their numbers are not given again.
        outbox.skip(through: state.nextSeq - 1)
        _ = advance(outbox)
        return outbox
    }

    /// The next batch; nil if there is none.
    ///
    /// - Parameter limit: Where what is known to be written ends; nil: what the segments say.
    func next(records: Int, bytes: Int, limit: UInt64?) throws -> Batch? {
        guard let batch = try read(from: place, through: limit, records: records, bytes: bytes) else { return nil }
        place = batch.end
        lastRead = batch.lastSequence
        return batch
    }

    private func read(from start: UInt64, through end: UInt64?, records: Int, bytes: Int) throws -> Batch? {
        var batch = Batch(start: start)
        do {
            while batch.records < records, batch.bytes < bytes,
                let entry = try reader.entry(at: batch.end, limit: end), try batch.add(entry)
            {}
        } catch let error where !(error is Files.Failure) {
            reader.damaged(at: batch.end)
        }
        return batch.records > 0 ? batch : nil
    }

    /// Whether there is a record that was not read yet.
    func hasNext() throws -> Bool { try reader.entry(at: place) != nil }

    func nextOrdinal() -> Int64 {
        lastOrdinal += 1
        return lastOrdinal
    }

    // MARK: Delivery

    /// Keeps how a batch was cut, before it is sent for the first time.
    func admit(_ batch: Batch, ordinal: Int64, limits: FrameLimits, parts: [UInt32], _ outbox: Outbox<OutgoingRequest>)
    {
        open.append(
            Open(
                ordinal: ordinal,
                start: batch.start,
                end: batch.end,
                lastSequence: batch.lastSequence,
                limits: limits,
                parts: parts
            )
        )
        save(outbox)
    }

    /// One request of a batch is settled; returns the last record up to which all are.
    func settle(_ request: OutgoingRequest, _ outbox: Outbox<OutgoingRequest>) -> UInt64? {
        guard let index = open.firstIndex(where: { $0.ordinal == request.ordinal }) else { return nil }
        open[index].parts.removeAll { $0 == request.part }
        return advance(outbox)
    }

    /// Moves the head behind what is done with; returns the last record of that.
    func advance(_ outbox: Outbox<OutgoingRequest>) -> UInt64? {
        var settled: UInt64?
        while let first = open.first, first.parts.isEmpty {
            state.head = first.end
            settled = first.lastSequence
            open.removeFirst()
        }
        guard settled != nil else { return nil }
        save(outbox)
        // Not at every batch: it looks through the folder.
        if state.head - cleanedThrough >= 1 << 20 {
            cleanedThrough = state.head
            try? folder.removeSegments(before: state.head)
        }
        return settled
    }

    /// Writes down what is on its way, under which numbers.
    func save(_ outbox: Outbox<OutgoingRequest>) {
        state.producer = outbox.producer
        state.nextSeq = outbox.lastSeq + 1
        var first: [Int64: Int64] = [:]
        for (seq, request) in outbox.numbered.reversed() { first[request.ordinal] = seq }
        state.cuts = open.map { batch in
            SpoolState.Cut(
                start: batch.start,
                end: batch.end,
                payloadLimit: UInt64(batch.limits.payload),
                attachmentsLimit: UInt64(batch.limits.attachments),
                firstSeq: first[batch.ordinal] ?? state.nextSeq,
                parts: batch.parts
            )
        }
        // What could not be written down is sent all the same; only if this process is killed now, and the next cuts it
        // otherwise, would the server be asked twice for the same.
        try? file.write(state)
    }

    /// How a spool stands when there is nothing to do for it.
    enum Standing: Sendable {
        /// Everything is delivered, and no process adds to it any more.
        case done
        /// Everything before a damage is delivered, and no process adds to it any more.
        case damaged
        /// Everything is delivered, and a process may add more.
        case upToDate
    }

    /// nil: there is something to send, or on its way.
    ///
    /// - Parameter isClosed: This process appended and does not any more; a child that was forked just now may have the
    ///   lock for a moment.
    func standing(_ outbox: Outbox<OutgoingRequest>, isClosed: Bool = false) throws -> Standing? {
        guard outbox.isEmpty, open.isEmpty, try !hasNext() else { return nil }
        guard isClosed || folder.isAbandoned else { return .upToDate }
        // Only now: something may have come before its process ended.
        guard try reader.isEnd(at: place) else { return nil }
        return reader.damage == nil ? .done : .damaged
    }

    /// Whether what its process logged before it was forked is delivered, as far as it still lies in a spool beside it.
    func followsItsOrigin() throws -> Bool {
        guard let origin = state.origin, state.nextSeq == 1 else { return true }
        guard let state = try SpoolStateFile(in: folder.sibling(origin.spool))?.read() else { return true }
        return state.head >= origin.place
    }
}
