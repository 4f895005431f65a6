/// A method of the protocol: its parameters are the type's members, its answer is `Result`.
///
/// The server registers a handler by this type and the client calls with a value of it; nothing else spells its name or
/// its fields.
public protocol Method: Codable, Sendable {
    associatedtype Result: Codable & Sendable

    static var name: String { get }
    static var effect: MethodEffect { get }
    /// Who may call it.
    static var role: MethodRole { get }
}

extension Method {
    public static var role: MethodRole { .anyone }
}

/// Who may call a method.
public enum MethodRole: Sendable {
    /// Whoever is let in.
    case anyone
    /// Who may see held-out images.
    case holdout
}

/// What a method does to the server's data.
public enum MethodEffect: Sendable {
    /// Changes nothing; answered in any order.
    case read
    /// Changes data; applied and answered in the order of arrival, exactly once when stamped.
    case write
    /// A write that must be stamped.
    case ingest
}

/// Identifies a write among those of its producer, so that sending it again does nothing twice.
public struct ProducerStamp: Codable, Sendable, Hashable {
    public let producer: String
    /// 1, 2, 3, … for each producer.
    public let seq: Int64

    public init(producer: String, seq: Int64) {
        self.producer = producer
        self.seq = seq
    }
}
