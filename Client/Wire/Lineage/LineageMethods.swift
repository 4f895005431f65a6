/// Records what made a record that is saved already.
public struct LineageSave: Method {
    public static let name = "lineage.save"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    public var outputRecordID: String
    /// Its variable.
    public var outputType: String
    public var lineage: Lineage

    public init(outputRecordID: String, outputType: String, lineage: Lineage) {
        self.outputRecordID = outputRecordID
        self.outputType = outputType
        self.lineage = lineage
    }

    private enum CodingKeys: String, CodingKey {
        case outputRecordID = "output_record_id"
        case outputType = "output_type"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        outputRecordID = try container.decode(String.self, forKey: .outputRecordID)
        outputType = try container.decode(String.self, forKey: .outputType)
        lineage = try Lineage(from: decoder)
    }

    public func encode(to encoder: any Encoder) throws {
        try lineage.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(outputRecordID, forKey: .outputRecordID)
        try container.encode(outputType, forKey: .outputType)
    }

    public struct Result: Codable, Sendable {
        public init() {}
    }
}

/// Finds what an invocation made, if it is still there.
public struct LineageFind: Method {
    public static let name = "lineage.find"
    public static let effect = MethodEffect.read

    public var lineageHash: String

    public init(lineageHash: String) { self.lineageHash = lineageHash }

    private enum CodingKeys: String, CodingKey {
        case lineageHash = "lineage_hash"
    }

    public struct Output: Codable, Sendable, Equatable {
        public var recordID: String
        public var outputType: String
        public var outputNum: Int

        public init(recordID: String, outputType: String, outputNum: Int) {
            self.recordID = recordID
            self.outputType = outputType
            self.outputNum = outputNum
        }

        private enum CodingKeys: String, CodingKey {
            case recordID = "record_id"
            case outputType = "output_type"
            case outputNum = "output_num"
        }
    }

    public struct Result: Codable, Sendable {
        public var records: [Output]

        public init(records: [Output]) { self.records = records }
    }
}

/// Tells what made a record.
public struct LineageGet: Method {
    public static let name = "lineage.get"
    public static let effect = MethodEffect.read

    public var recordID: String

    public init(recordID: String) { self.recordID = recordID }

    private enum CodingKeys: String, CodingKey {
        case recordID = "record_id"
    }

    public typealias Result = LineageNode
}

/// Tells what a record was computed from, directly and indirectly.
public struct LineageUpstream: Method {
    public static let name = "lineage.upstream"
    public static let effect = MethodEffect.read

    public var recordID: String
    /// How many steps back (default and most: all).
    public var depth: Int?
    /// The most that are told of what a snapshot consists of (default 100, at most 10 000).
    public var fanOut: Int?

    public init(recordID: String, depth: Int? = nil, fanOut: Int? = nil) {
        self.recordID = recordID
        self.depth = depth
        self.fanOut = fanOut
    }

    private enum CodingKeys: String, CodingKey {
        case recordID = "record_id"
        case depth
        case fanOut = "fan_out"
    }

    public typealias Result = LineageGraph
}

/// Tells what was computed from a record, directly and indirectly.
public struct LineageDownstream: Method {
    public static let name = "lineage.downstream"
    public static let effect = MethodEffect.read

    public var recordID: String
    /// How many steps on (default and most: all).
    public var depth: Int?

    public init(recordID: String, depth: Int? = nil) {
        self.recordID = recordID
        self.depth = depth
    }

    private enum CodingKeys: String, CodingKey {
        case recordID = "record_id"
        case depth
    }

    public typealias Result = LineageGraph
}

/// A record of a lineage graph.
public struct LineageNode: Codable, Sendable, Equatable {
    public var recordID: String
    /// Its variable.
    public var outputType: String
    /// nil where it is not known, or the record was deleted.
    public var metadata: [String: JSONValue]?
    /// Of what is no record but a snapshot, an image, a frame, an episode or a run: what there is to say of it.
    public var details: [String: JSONValue]?
    /// Whether the record's value was evicted.
    public var isEvicted: Bool?
    /// nil for a record that no known function made.
    public var lineage: Lineage?
    /// UNIX seconds
    public var createdAt: Double?
    /// Steps from the record that was asked about.
    public var depth: Int

    public init(
        recordID: String,
        outputType: String,
        metadata: [String: JSONValue]?,
        details: [String: JSONValue]? = nil,
        isEvicted: Bool? = nil,
        lineage: Lineage?,
        createdAt: Double?,
        depth: Int
    ) {
        self.recordID = recordID
        self.outputType = outputType
        self.metadata = metadata
        self.details = details
        self.isEvicted = isEvicted
        self.lineage = lineage
        self.createdAt = createdAt
        self.depth = depth
    }

    private enum CodingKeys: String, CodingKey {
        case recordID = "record_id"
        case outputType = "output_type"
        case metadata
        case details
        case isEvicted = "is_evicted"
        case lineage
        case createdAt = "created_at"
        case depth
    }
}

/// Records and what was made from what.
public struct LineageGraph: Codable, Sendable {
    /// A record that went into another.
    public struct Edge: Codable, Sendable, Equatable {
        public var from: String
        public var to: String
        /// The parameter that it was bound to, or what it is to a thing that is no record.
        public var name: String

        public init(from: String, to: String, name: String) {
            self.from = from
            self.to = to
            self.name = name
        }
    }

    /// The record that was asked about first, then by depth.
    public var records: [LineageNode]
    public var edges: [Edge]
    /// Whether there is more than this method tells.
    public var isCut: Bool

    public init(records: [LineageNode], edges: [Edge], isCut: Bool) {
        self.records = records
        self.edges = edges
        self.isCut = isCut
    }

    private enum CodingKeys: String, CodingKey {
        case records
        case edges
        case isCut = "is_cut"
    }
}
