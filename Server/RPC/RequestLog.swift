import Logging
import NIOCore
import Wire

/// Tells of requests that took long, and of those that were refused: which method, of what run, over which connection.
///
/// Parameters are never logged: tokens are among them.
struct RequestLog: Sendable {
    private static let largestParameters = 64 << 10

    private let logger: Logger
    /// From this on a request is slow.
    private let slow: Duration
    private var peer: SocketAddress?

    init(_ logger: Logger, slow: Duration) {
        self.logger = logger
        self.slow = slow
    }

    /// The same for the requests of one connection.
    func of(_ peer: SocketAddress?) -> RequestLog {
        var log = self
        log.peer = peer
        return log
    }

    func note(_ request: Request, _ outcome: Response.Outcome, in duration: Duration) {
        // Who claims an invocation may wait for it, as long as was asked.
        if duration >= slow, request.method != LineageClaim.name {
            logger.warning("slow request", metadata: metadata(of: request, duration))
        }
        guard case .failure(let error) = outcome else { return }
        let level: Logger.Level = error.kind == .internalError ? .error : .debug
        guard logger.logLevel <= level else { return }
        var metadata = metadata(of: request, duration)
        metadata["kind"] = "\(error.kind.rawValue)"
        metadata["error"] = "\(error.message)"
        logger.log(level: level, "request refused", metadata: metadata)
    }

    private func metadata(of request: Request, _ duration: Duration) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "method": "\(request.method.prefix(100))", "id": Self.value(of: request.id),
            "duration": .stringConvertible(duration / .seconds(1)),
        ]
        if let peer { metadata["connection"] = "\(peer.ipAddress ?? ""):\(peer.port ?? 0)" }
        if let run = Self.run(of: request) { metadata["run"] = "\(run.prefix(128))" }
        return metadata
    }

    private static func value(of id: RequestID) -> Logger.MetadataValue {
        switch id {
        case .string(let text): "\(text.prefix(100))"
        case .integer(let number): .stringConvertible(Int(number))
        case .number(let number): .stringConvertible(number)
        }
    }

    private struct RunField: Decodable {
        let runID: String?

        private enum CodingKeys: String, CodingKey { case runID = "run_id" }
    }

    /// The run that a request is about, where that is quickly said.
    private static func run(of request: Request) -> String? {
        guard request.params.readableBytes <= largestParameters else { return nil }
        return try? request.decode(RunField.self).runID
    }
}
