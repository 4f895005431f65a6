import CSpool
import Dispatch
import NIOCore

/// What an ``Intake`` guards: the writing end of the spool, the counters, and whoever waits.
struct IntakeState {
    /// Someone who waits until all records up to one are settled.
    struct Flush {
        let through: UInt64
        let done: @Sendable (Result<Void, any Error>) -> Void
    }

    /// What the sender finds when it looks.
    struct Outlook {
        let queue: SpoolQueue?
        /// The last record that is in the spool.
        let lastSequence: UInt64
        /// The last record that must be sent without waiting for more.
        let sendThrough: UInt64
        /// Where the spool ends.
        let end: UInt64
        let wantsSpare: Bool
        /// Dropped since the sender looked last.
        let dropped: Int
    }

    var statistics = DeliveryStatistics()
    /// Nothing more may come in.
    var isClosed = false
    /// A signal is about to end the process.
    var isEnding = false
    /// Nothing more goes out.
    var ending: (any Error)?
    /// Threads that wait for room.
    var blocked: [DispatchSemaphore] = []
    var flushes: [Int: Flush] = [:]
    /// Who waits for the answer to which record.
    var replies: [UInt64: Batch.Reply] = [:]
    /// Makes the sender look, from any thread.
    var wake: (@Sendable () -> Void)?
    var sendThrough: UInt64 = 0
    private(set) var settledThrough: UInt64 = 0
    private(set) var forks = cspool_forks()
    private(set) var queue: SpoolQueue?
    /// Where the parent's spool ended at the fork.
    private var origin: SpoolState.Origin?
    private var writer: SpoolWriter?
    private var unreportedDrops = 0
    /// The sender looks by itself, or has been asked to.
    private var isSenderUp = false

    var lastSequence: UInt64 { writer?.lastSequence ?? 0 }

    // MARK: The spool

    mutating func writer(at place: Intake.Place) throws -> SpoolWriter {
        if let writer { return writer }
        let producer = Producer.make()
        // Under a name that nobody looks for, until it has its locks and its state.
        let unfinished = SpoolFolder(path: "\(place.directory)/\(SpoolFolder.newPrefix)\(producer)")
        do {
            return try makeWriter(producer, unfinished, place)
        } catch {
            unfinished.remove()
            throw error
        }
    }

    private mutating func makeWriter(
        _ producer: String,
        _ unfinished: SpoolFolder,
        _ place: Intake.Place
    ) throws -> SpoolWriter {
        let new = try SpoolWriter(
            folder: unfinished.path,
            segmentSize: min(place.segmentSize, max(place.capacity, 64 << 10))
        )
        var state = SpoolState(producer: producer, server: place.server)
        state.origin = origin
        let folder = unfinished.sibling(producer)
        if forks == 0 {
            let queue = try SpoolQueue(new: folder, madeAt: new.folder, state)
            try new.publish(as: folder.path)
            self.queue = queue
        } else {
            // A child's spool is for others to send.
            try SpoolStateFile(folder: new.folder).write(state)
            try new.publish(as: folder.path)
        }
        writer = new
        return new
    }

    /// Lets others have the spool.
    mutating func closeSpool() { (writer, queue) = (nil, nil) }

    /// After fork(): what the parent sends is not the child's, nor are the threads that wait in the parent.
    mutating func becomeChild() {
        // Kept for ever, since its end would unmap memory that may be another's in this process by now.
        if let writer { unsafe _ = Unmanaged.passRetained(writer) }
        if let queue { unsafe _ = Unmanaged.passRetained(queue) }
        let isClosed = isClosed
        let origin = writer.map { SpoolState.Origin(spool: SpoolFolder(path: $0.folder).name, place: $0.end) } ?? origin
        let reason = HoldfastError(.closed, "this process was forked; what it logs is sent by another")
        self = IntakeState()
        self.isClosed = isClosed
        self.origin = origin
        ending = reason
    }

    /// Where a spare is wanted, and its size.
    var wantedSpare: (folder: String, size: Int)? {
        writer.flatMap { $0.wantsSpare ? ($0.folder, $0.segmentSize) : nil }
    }

    func take(spare: SegmentWriter) { writer?.take(spare: spare) }

    // MARK: Records

    /// Adds a record; returns how to wake the sender if it must look, and what to wait for if there was no room.
    @inline(__always)
    mutating func add<Record: Spoolable>(
        _ record: Record,
        _ place: Intake.Place,
        whenFull: ClientOptions.WhenFull,
        _ mayBlock: () -> Bool
    ) -> ((@Sendable () -> Void)?, DispatchSemaphore?) {
        // Who logs now waits for the end of the process.
        if isEnding, mayBlock() { return (nil, DispatchSemaphore(value: 0)) }
        // A reading of resources that the end overtakes is no loss.
        if isClosed { return (Record.kind == .resource ? nil : drop(1), nil) }
        let size = Segment.recordSize(payload: 1 + record.size)
        // The length of a record has 32 bits; no server takes half of that in one request.
        guard size <= Int32.max else { return (drop(1), nil) }
        if statistics.queued == 0 || statistics.queuedBytes + size <= place.capacity {
            do {
                try append(record, place, nil)
                return (isSenderUp ? nil : wakeOnce(), nil)
            } catch {
                // The disk is full: that is waited for, too.
                guard (error as? Files.Failure)?.isFull ?? false else { return (drop(1), nil) }
            }
        }
        guard whenFull == .block, mayBlock() else { return (drop(1), nil) }
        // What is there would never be settled while those who fill the batch wait for room.
        sendThrough = lastSequence
        let room = DispatchSemaphore(value: 0)
        blocked.append(room)
        return (wakeOnce(), room)
    }

    @inline(__always)
    mutating func append<Record: Spoolable>(_ record: Record, _ place: Intake.Place, _ reply: Batch.Reply?) throws {
        let writer = try writer ?? writer(at: place)
        statistics.queuedBytes += try writer.append(record)
        statistics.queued += 1
        if let reply { replies[writer.lastSequence] = reply }
    }

    mutating func drop(_ records: Int) -> (@Sendable () -> Void)? {
        statistics.dropped += records
        unreportedDrops += records
        return wakeOnce()
    }

    // MARK: The sender

    /// Asks for the sender, unless it will look by itself.
    mutating func wakeOnce() -> (@Sendable () -> Void)? {
        guard let wake else { return nil }
        isSenderUp = true
        return wake
    }

    mutating func look() -> Outlook {
        defer { unreportedDrops = 0 }
        isSenderUp = true
        return Outlook(
            queue: queue,
            lastSequence: lastSequence,
            sendThrough: sendThrough,
            end: writer?.end ?? 0,
            wantsSpare: writer?.wantsSpare ?? false,
            dropped: unreportedDrops
        )
    }

    /// The sender has read up to a record and wants to rest; false if more has come.
    mutating func rest(after sequence: UInt64) -> Bool {
        guard sequence >= lastSequence, unreportedDrops == 0 else { return false }
        isSenderUp = false
        return true
    }

    /// Returns those who waited for records up to one.
    mutating func settle(through sequence: UInt64) -> [Flush] {
        settledThrough = max(settledThrough, sequence)
        let finished = flushes.filter { $0.value.through <= settledThrough }
        for id in finished.keys { flushes[id] = nil }
        return Array(finished.values)
    }
}
