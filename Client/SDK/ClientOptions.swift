public import Logging

/// Settings of a client; the defaults suit a training process on the server's machine or near it.
public struct ClientOptions: Sendable {
    /// What a log call does while the spool is full: when it has ``spoolBytes``, or its disk has no room.
    public enum WhenFull: Sendable {
        /// Waits until the server has taken enough; nothing is lost.
        case block
        /// Drops the record, counts it in ``DeliveryStatistics/dropped`` and reports a ``DeliveryProblem``.
        case drop
    }

    /// What is logged is sent when so many records wait.
    public var batchRecords = 100
    /// What is logged is sent when it takes so many bytes; a request has about so many at most.
    public var batchBytes = 8 << 20
    /// What is logged is sent when the oldest record is this old.
    public var batchDelay = Duration.seconds(5)
    /// The most records of a request.
    public var largestBatchRecords = 10_000

    /// The folder of the spool, in which records wait for the server's acknowledgement; several processes may share it. By
    /// default `HOLDFAST_SPOOL`, or `holdfast/spool` in the user's state folder (`~/.local/state`).
    public var spoolDirectory: String?
    /// How many bytes of records may wait there.
    public var spoolBytes = 1 << 30
    /// The size of the spool's files; one that is being written is mapped into memory.
    public var spoolSegmentBytes = 8 << 20
    /// What logging a metric does while the spool is full.
    public var metricsWhenFull = WhenFull.block
    /// What logging a step or an image does while the spool is full.
    public var stepsWhenFull = WhenFull.block
    /// What is done with a reading of the system's resources while the spool is full.
    public var resourcesWhenFull = WhenFull.drop
    /// Whether spools that other processes left for the same server are sent, too.
    public var sendsLeftSpools = true

    /// Of a server at `tls://…`: a file, in PEM, with the certificates of the authorities that are trusted to know it. By
    /// default `HOLDFAST_CA_FILE`, or the authorities that the system trusts.
    public var caFile: String?

    /// How often what the machine and this process use is logged to open runs; nil: not at all.
    public var resourceInterval: Duration? = .seconds(1)
    /// Whether SIGTERM and SIGINT, where the program leaves them to the system, end the process only after what is in the
    /// spool was sent, or five seconds.
    public var flushesOnTermination = true

    /// How many unanswered requests are on their way at once.
    public var requestsInFlight = 8
    /// How many bytes are on their way at once; one request may pass it.
    public var bytesInFlight = 24 << 20
    /// How long an answer, or any sign of progress, may take before the connection counts as dead.
    public var requestTimeout = Duration.seconds(30)
    /// How long a connection may take to be established.
    public var connectTimeout = Duration.seconds(10)
    /// How long ``HoldfastClient/startRun(_:config:tags:agentID:workerID:compression:)`` waits for the server.
    public var startTimeout = Duration.seconds(5)

    /// The bound of the first random delay before a new attempt; it doubles with each attempt.
    public var firstRetryDelay = Duration.milliseconds(100)
    /// The largest bound of a delay before a new attempt.
    public var longestRetryDelay = Duration.seconds(30)

    /// How often an open run tells the server that its process lives.
    public var heartbeatInterval = Duration.seconds(15)
    /// The `name/version` that the server's log shows for this client.
    public var clientName = "holdfast-swift/0.1.0"

    /// Told of each problem of delivery, on the client's own thread; it must return soon.
    public var onProblem: (@Sendable (DeliveryProblem) -> Void)?
    /// Where problems are logged, at level `warning`, or `info` while records only wait; connections at `debug`.
    public var logger = Logger(label: "holdfast")

    public init() {}
}
