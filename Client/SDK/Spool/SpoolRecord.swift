import NIOCore
import Wire

/// What can be put into a spool: a kind, and fields of a size that is known before they are written.
protocol Spoolable: Sendable {
    static var kind: SpoolRecord.Kind { get }
    /// The bytes of the fields.
    var size: Int { get }
    func write(to writer: inout ByteWriter)
    init(from bytes: inout ByteBuffer) throws
}

/// A record as it is read from a spool.
enum SpoolRecord: Sendable {
    enum Kind: UInt8, Sendable {
        case metric = 1
        case resource = 2
        case generation = 3
        case step = 4
        case image = 5
        case request = 6
    }

    case metric(MetricRecord)
    case resource(ResourceRecord)
    case generation(GenerationRecord)
    case step(StepRecord)
    case image(ImageRecord)
    case request(RequestRecord)

    init(from bytes: ByteBuffer) throws {
        var bytes = bytes
        guard let kind = Kind(rawValue: try bytes.readNumber()) else { throw SpoolDamage.record }
        switch kind {
        case .metric: self = .metric(try MetricRecord(from: &bytes))
        case .resource: self = .resource(try ResourceRecord(from: &bytes))
        case .generation: self = .generation(try GenerationRecord(from: &bytes))
        case .step: self = .step(try StepRecord(from: &bytes))
        case .image: self = .image(try ImageRecord(from: &bytes))
        case .request: self = .request(try RequestRecord(from: &bytes))
        }
    }
}

/// Optional fields of a record: which are there is told by bits ahead of them.
struct Presence {
    var bits: UInt8 = 0

    init() {}

    init(_ fields: Bool...) {
        for (place, isThere) in fields.enumerated() where isThere { bits |= 1 << UInt8(place) }
    }

    subscript(place: Int) -> Bool { bits & (1 << UInt8(place)) != 0 }
}

extension String {
    /// What a text takes in a record.
    var spoolSize: Int { 4 + utf8.count }
}

extension String? {
    /// What a text takes in a record where it may be absent.
    var spoolSize: Int { self?.spoolSize ?? 0 }
}
