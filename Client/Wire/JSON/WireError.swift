import NIOCore

#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// What went wrong with a request: a JSON-RPC error whose `data` names its kind.
public struct WireError: Error, Sendable, Equatable {
    /// The standard JSON-RPC code, or -32000.
    public var code: Int
    /// What was wrong, where, and what was expected.
    public var message: String
    public var kind: Kind
    /// Whether the same request would be refused again: true for its content, false for the server's state.
    public var isFinal: Bool
    /// Further members of `data`, by kind.
    public var details: [String: JSONValue]

    public init(
        _ kind: Kind,
        _ message: String,
        details: [String: JSONValue] = [:],
        isFinal: Bool? = nil
    ) {
        self.code = kind.code
        self.message = message
        self.kind = kind
        self.isFinal = isFinal ?? !Kind.ofState.contains(kind)
        self.details = details
    }

    /// The error's name on the wire.
    public struct Kind: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }

        public static let parseError: Kind = "parse_error"
        public static let invalidRequest: Kind = "invalid_request"
        public static let methodNotFound: Kind = "method_not_found"
        public static let invalidParams: Kind = "invalid_params"
        public static let internalError: Kind = "internal"
        public static let helloRequired: Kind = "hello_required"
        public static let tlsRequired: Kind = "tls_required"
        public static let unauthorized: Kind = "unauthorized"
        public static let forbidden: Kind = "forbidden"
        public static let unsupportedProtocol: Kind = "unsupported_protocol"
        public static let sequenceGap: Kind = "sequence_gap"
        public static let overloaded: Kind = "overloaded"
        public static let diskFull: Kind = "disk_full"
        public static let runDamaged: Kind = "run_damaged"
        public static let resultTooLarge: Kind = "result_too_large"
        public static let notFound: Kind = "not_found"
        public static let invalidReference: Kind = "invalid_reference"
        public static let shapeMismatch: Kind = "shape_mismatch"
        public static let duplicateStep: Kind = "duplicate_step"
        public static let episodeOfOtherRun: Kind = "episode_of_other_run"
        public static let runInUse: Kind = "run_in_use"
        public static let holdoutLeak: Kind = "holdout_leak"
        public static let leaseLost: Kind = "lease_lost"
        public static let missingPieces: Kind = "missing_pieces"

        /// Refusals for the server's state; they consume no sequence number and may succeed later.
        static let ofState: Set<Kind> = [
            .internalError, .unauthorized, .forbidden, .sequenceGap, .overloaded, .diskFull, .runDamaged,
            .helloRequired, .tlsRequired,
        ]

        var code: Int {
            switch self {
            case .parseError: -32700
            case .invalidRequest: -32600
            case .methodNotFound: -32601
            case .invalidParams: -32602
            case .internalError: -32603
            default: -32000
            }
        }
    }
}

extension WireError {
    public static func invalidParams(_ message: String) -> WireError { WireError(.invalidParams, message) }
    public static func notFound(_ message: String) -> WireError { WireError(.notFound, message) }

    /// The error for what did not decode: names the field and what was expected there.
    static func undecodable(_ error: any Error, in bytes: ByteBuffer, root: String?) -> WireError {
        guard let error = error as? DecodingError else { return .invalidParams("\(error)") }
        switch error {
        case .dataCorrupted(let context) where context.codingPath.isEmpty:
            // Requests are checked when they come; what a client gives as a cursor, or a file as a line, is not.
            do {
                _ = try JSONScanner.members(of: Array(bytes.readableBytesView))
            } catch {
                return .invalidParams("not valid JSON: \(error.reason) at byte \(error.offset)")
            }
            let suspects = JSONSuspects(bytes).found
            return .invalidParams(
                "\(path(root, [])): a number is not of its field's kind (whole, or within 64 bits), or a text is not Unicode; look at \(suspects.isEmpty ? "all of them" : suspects.joined(separator: ", "))"
            )
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            return .invalidParams("\(path(root, context.codingPath)) must be \(kind(of: type))")
        case .keyNotFound(let key, let context):
            return .invalidParams("\(path(root, context.codingPath + [key])) is missing")
        case .dataCorrupted(let context):
            return .invalidParams("\(path(root, context.codingPath)): \(context.debugDescription)")
        @unknown default:
            return .invalidParams("\(error)")
        }
    }

    /// What JSON has for a type.
    private static func kind(of type: Any.Type) -> String {
        switch type {
        case is String.Type, is any Choice.Type: "a text"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [Any].Type: "a list"
        default: "an object"
        }
    }

    private static func path(_ root: String?, _ keys: [any CodingKey]) -> String {
        let path = keys.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue)" }.joined()
        guard let root else { return path.isEmpty ? "it" : path.hasPrefix(".") ? String(path.dropFirst()) : path }
        return root + path
    }
}

extension WireError: Codable {
    private enum CodingKeys: String, CodingKey {
        case code
        case message
        case data
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        code = try container.decode(Int.self, forKey: .code)
        message = try container.decode(String.self, forKey: .message)
        var data = try container.decodeIfPresent([String: JSONValue].self, forKey: .data) ?? [:]
        kind = .internalError
        if case .string(let name) = data.removeValue(forKey: "kind") { kind = Kind(rawValue: name) }
        isFinal = data.removeValue(forKey: "final") == .bool(true)
        details = data
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(code, forKey: .code)
        try container.encode(message, forKey: .message)
        var data = details
        data["kind"] = .string(kind.rawValue)
        data["final"] = .bool(isFinal)
        try container.encode(data, forKey: .data)
    }
}

extension WireError: CustomStringConvertible {
    public var description: String { "\(kind.rawValue): \(message)" }
}

/// So that `localizedDescription`, which many programs print, says it.
extension WireError: LocalizedError {
    public var errorDescription: String? { description }
}
