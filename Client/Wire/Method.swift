/// A method of the protocol: its parameters are the type's members, its answer is `Result`.
///
/// The server registers a handler by this type and the client calls with a value of it; nothing else spells its name or
/// its fields.
public protocol Method: Codable, Sendable {
    associatedtype Result: Codable & Sendable

    static var name: String { get }
    static var effect: MethodEffect { get }
    /// What the caller's token must allow; nil: nothing beyond being let in.
    static var role: Role? { get }
    /// The parameters of a method that takes no others: what it deletes can't be had back, so a misspelt bound must not be passed
    /// over. nil: others are skipped.
    static var soleParameters: [String]? { get }
    /// What the audit log says of the call; nil: it is not recorded there.
    var auditNote: String? { get }
}

extension Method {
    public static var role: Role? {
        switch effect {
        case .read: .read
        case .ingest: .ingest
        case .write: .admin
        }
    }

    public static var soleParameters: [String]? { nil }

    public var auditNote: String? { nil }
}

/// What a token may allow; methods and routes each name the one that they need.
public enum Role: String, Choice {
    /// To look at everything that is not held out.
    case read
    /// To log runs, steps, metrics, images, predictions and variables.
    case ingest
    /// To get images for labeling, and label them.
    case label
    /// To work with held-out images.
    case holdout
    /// To delete, repair and compact data, and to give out tokens.
    case admin
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
