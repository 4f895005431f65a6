import NIOCore
import Wire

/// What the TCP door lets a client do.
struct SocketLimits: Sendable {
    var frames = FrameLimits()
    var connections = 16_384
    /// Further connections, which are answered that there are too many.
    var refusedConnections = 128
    /// Requests of one connection that are not answered yet.
    var unansweredRequests = 256
    /// Bytes of those requests and their answers; a single larger one is let through.
    var unansweredBytes = 64 << 20
    /// Memory for the requests of all connections.
    var memory = 1 << 30
    /// Memory for the answers of all connections; beyond it each has one at a time.
    var answerMemory = 1 << 29
    /// Until `hello` is here.
    var helloTimeout = TimeAmount.seconds(5)
    /// Without a byte in either direction; far beyond what a client waits between two batches.
    var idleTimeout = TimeAmount.hours(1)
    /// How long answers may take to be made and sent after a shutdown has begun.
    var drainTime = TimeAmount.seconds(8)
    /// In this time a frame that has begun must get on by `slowestProgress` bytes.
    var progressInterval = TimeAmount.seconds(10)
    var slowestProgress = 1024
    /// And in so many of these times a frame that memory was set aside for must be there.
    var mostIntervals = 60
}
