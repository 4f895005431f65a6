import GRDB
import HDF5
import NIOCore
import Wire

/// The handlers of all methods, shared by both doors.
struct MethodTable: Sendable {
    /// How a method is carried out.
    enum Handler: Sendable {
        case read(@Sendable (Request, CallContext) async -> Response.Outcome)
        /// Gives the write that is then applied in its turn.
        case write(@Sendable (Request, CallContext) async -> WriteOperation)
    }

    private(set) var handlers: [String: Handler] = [:]

    subscript(method: String) -> Handler? { handlers[method] }

    var names: Set<String> { Set(handlers.keys) }

    /// Registers a method that changes nothing.
    mutating func on<M: Method>(
        _ type: M.Type,
        read handler: @escaping @Sendable (M, CallContext) async throws -> M.Result
    ) {
        precondition(M.effect == .read, "\(M.name) is declared as a write")
        register(
            M.name,
            .read { request, context in
                do {
                    try context.access.check(M.role, for: M.name)
                    let parameters = try request.decode(M.self)
                    let encoding = (parameters as? any ReturnsArrays)?.arrayEncoding ?? context.arrayEncoding
                    guard encoding == .base64 || context.arrayEncoding == .attachment else {
                        throw WireError.invalidParams("array_encoding can only be base64 here: HTTP has no attachments")
                    }
                    let result = try await handler(parameters, context)
                    return try Self.encode(result, encoding, context)
                } catch {
                    return .failure(Self.wireError(error))
                }
            }
        )
    }

    /// Registers a method that changes data: `prepare` does what needs no turn, what it returns is applied in its turn.
    ///
    /// - Parameter keepsAnswer: Whether the answer is stored, for a request that is sent again.
    mutating func on<M: Method>(
        _ type: M.Type,
        keepsAnswer: Bool = true,
        write prepare:
            @escaping @Sendable (M, CallContext) async throws -> @Sendable (WriteTransaction) throws -> M.Result
    ) {
        precondition(M.effect != .read, "\(M.name) is declared as a read")
        register(
            M.name,
            .write { request, context in
                let stamp: ProducerStamp?
                do {
                    stamp = try Self.stamp(of: request, isRequired: M.effect == .ingest)
                } catch {
                    return .refused(Self.wireError(error), stamp: nil, method: M.name)
                }
                do {
                    try context.access.check(M.role, for: M.name)
                } catch {
                    return .refused(Self.wireError(error), stamp: stamp, method: M.name, isAlways: true)
                }
                do {
                    try Self.refuseOthers(than: M.soleParameters, in: request)
                    let parameters = try request.decode(M.self)
                    let apply = try await prepare(parameters, context)
                    // Not the parameters: their arrays need not stay in memory until the write's turn comes.
                    let auditNote = parameters.auditNote
                    return WriteOperation(stamp: stamp, method: M.name, keepsAnswer: keepsAnswer) { transaction in
                        let result = try JSONCoding.encode(try apply(transaction))
                        if let note = auditNote {
                            try AuditLog.record(.call(M.name, context.access, from: context.address, note), transaction)
                        }
                        try Self.check(result.readableBytes + 1024, context.limits.payload, "payload")
                        return result
                    }
                } catch {
                    return .refused(Self.wireError(error), stamp: stamp, method: M.name)
                }
            }
        )
    }

    private mutating func register(_ name: String, _ handler: Handler) {
        precondition(handlers.updateValue(handler, forKey: name) == nil, "\(name) has two handlers")
    }

    private static func refuseOthers(than known: [String]?, in request: Request) throws {
        guard let known else { return }
        let given = try request.decode([String: JSONValue].self).keys
        guard let other = given.sorted().first(where: { !(known + ["producer", "seq"]).contains($0) }) else { return }
        throw WireError.invalidParams(
            "\(request.method) has no parameter \"\(other.prefix(100))\"; there are \(known.joined(separator: ", "))"
        )
    }

    private static func stamp(of request: Request, isRequired: Bool) throws -> ProducerStamp? {
        let fields = try request.decode(StampFields.self)
        guard fields.producer != nil || fields.seq != nil || isRequired else { return nil }
        guard let producer = fields.producer, let seq = fields.seq else {
            throw WireError.invalidParams("\(request.method) needs both params.producer and params.seq")
        }
        guard seq >= 1 else { throw WireError.invalidParams("params.seq is \(seq); it counts 1, 2, 3, …") }
        return ProducerStamp(producer: try self.producer(producer), seq: seq)
    }

    /// The one spelling of a producer's UUID; throws unless the text is one, in either case, with its hyphens or without.
    static func producer(_ text: String) throws -> String {
        let digits = Array(text.lowercased().utf8.filter { $0 != UInt8(ascii: "-") })
        let isHex = digits.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        var spelled = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { spelled += "-" }
            spelled.unicodeScalars.append(UnicodeScalar(digit))
        }
        let isSpelled = text.utf8.count == 32 || Array(text.lowercased().utf8) == Array(spelled.utf8)
        guard digits.count == 32, isHex, isSpelled else {
            throw WireError.invalidParams("producer \"\(text.prefix(60))\" is not a UUID")
        }
        return spelled
    }

    private struct StampFields: Decodable {
        let producer: String?
        let seq: Int64?
    }

    private static func encode(
        _ result: some Encodable,
        _ encoding: ArrayEncoding,
        _ context: CallContext
    ) throws -> Response.Outcome {
        let sink = encoding == .attachment ? AttachmentSink() : nil
        let bytes = try JSONCoding.encode(result, sink: sink)
        let attachments = sink?.attachments ?? []
        // The envelope around the result takes a little room too.
        try check(bytes.readableBytes + 1024, context.limits.payload, "payload")
        try check(attachments.reduce(0) { $0 + $1.readableBytes }, context.limits.attachments, "attachments")
        return .result(bytes, attachments: attachments)
    }

    private static func check(_ size: Int, _ limit: Int, _ part: String) throws {
        guard size <= limit else {
            throw WireError(
                .resultTooLarge,
                "the result's \(part) would be \(size) bytes; page with limit and cursor",
                details: ["limit": .integer(Int64(limit))]
            )
        }
    }

    static func wireError(_ error: any Error) -> WireError {
        switch error {
        case let error as WireError: error
        case let error as ArrayError: .invalidParams(error.description)
        case let error as SQLError: error.wireError
        case let error as DatabaseError: SQLError(error).wireError
        case let error as HDF5Error where error.kind == .invalid: .invalidParams(error.description)
        case is CancellationError: WireError(.overloaded, "the server is shutting down")
        default: WireError(.internalError, "\(error)")
        }
    }
}
