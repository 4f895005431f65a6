#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// Why a call to the client failed before the server answered; the server's own refusals are ``WireError``.
public struct HoldfastError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; further ones may be added.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// The server's address is neither `host:port` nor `tls://host:port`.
        public static let invalidAddress = Code(description: "invalid_address")
        /// The server can't be reached, or the connection was cut before the answer.
        public static let unreachable = Code(description: "unreachable")
        /// The server's certificate is not trusted, it does not speak TLS, or the file of authorities can't be read.
        public static let tls = Code(description: "tls")
        /// No answer in the given time.
        public static let timeout = Code(description: "timeout")
        /// The client has been closed.
        public static let closed = Code(description: "closed")
        /// A request is larger than the server accepts.
        public static let tooLarge = Code(description: "too_large")
        /// The folder in which records wait for the server can't be used.
        public static let spool = Code(description: "spool")
        /// A value can't be saved, or is not what was expected of it.
        public static let invalidValue = Code(description: "invalid_value")
        /// A record was saved by another version of its variable's type.
        public static let schemaVersion = Code(description: "schema_version")
        /// What a thunk made depends on something that was never saved.
        public static let unsavedInput = Code(description: "unsaved_input")
        /// Neither the source nor a version says what a function is.
        public static let noIdentity = Code(description: "no_identity")
        /// The server answered with something that this client does not understand.
        public static let protocolViolation = Code(description: "protocol_violation")
    }

    public let code: Code
    /// What was tried, and what to do.
    public let message: String
    /// The error of the layer below, if there is one.
    public let cause: (any Error)?

    init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String {
        cause.map { "\(code): \(message) (\($0))" } ?? "\(code): \(message)"
    }
}

/// So that `localizedDescription`, which many programs print, says it.
extension HoldfastError: LocalizedError {
    public var errorDescription: String? { description }
}
