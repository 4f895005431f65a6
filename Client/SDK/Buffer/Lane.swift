import NIOCore

/// The records of one kind that are gathered for the next batch.
struct Lane<Record: Sendable>: Sendable {
    private(set) var records: [Record] = []
    private(set) var bytes = 0
    /// When the first record came; nil while it is empty.
    private(set) var openedAt: NIODeadline?

    /// Adds a record and says whether it was the first.
    mutating func add(_ record: Record, bytes: Int, capacity: Int, now: () -> NIODeadline) -> Bool {
        records.append(record)
        self.bytes += bytes
        guard openedAt == nil else { return false }
        openedAt = now()
        records.reserveCapacity(min(capacity, 1024))
        return true
    }

    /// Takes the records out, unless there are none.
    mutating func take() -> (records: [Record], bytes: Int)? {
        guard openedAt != nil else { return nil }
        defer { self = Lane() }
        return (records, bytes)
    }
}
