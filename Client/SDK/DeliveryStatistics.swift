/// Where the records of a client are; a record is one metric, step or image, or the start or end of a run or episode.
public struct DeliveryStatistics: Sendable, Equatable {
    /// In the spool: logged, and neither acknowledged nor rejected.
    public var queued = 0
    /// What the queued records take there.
    public var queuedBytes = 0
    /// Sent at least once.
    public var sent = 0
    /// Acknowledged by the server: they survive its death.
    public var acknowledged = 0
    /// Refused by the server for their content, or impossible to send.
    public var rejected = 0
    /// Logged while the spool was full under ``ClientOptions/WhenFull/drop``, or after the client was closed.
    public var dropped = 0
    /// Connections established after the first one.
    public var reconnects = 0
}

/// What a closed client did not get acknowledged: it stays in the spool, and the next process that uses the spool for the
/// same server sends it, or `holdfast sync`.
public struct Unsent: Sendable, Equatable {
    public var records: Int
    /// What they take in the spool.
    public var bytes: Int

    public var isEmpty: Bool { records == 0 }
}
