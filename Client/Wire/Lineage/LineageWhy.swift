/// Tells why a record was computed again, or what would make it.
public struct LineageWhy: Method {
    public static let name = "lineage.why"
    public static let effect = MethodEffect.read

    public var recordID: String
    /// A call as it would be now, to be compared with the one that made the record; nil compares that one with the one
    /// before it at the same address.
    public var lineage: Lineage?

    public init(recordID: String, lineage: Lineage? = nil) {
        self.recordID = recordID
        self.lineage = lineage
    }

    private enum CodingKeys: String, CodingKey {
        case recordID = "record_id"
        case lineage
    }

    /// One difference between two invocations.
    public struct Change: Codable, Sendable, Equatable {
        public enum Kind: String, Choice {
            case function
            case input
            case constant
        }

        public var kind: Kind
        /// Of the function's part, or the parameter.
        public var name: String
        /// nil: it is new.
        public var before: JSONValue?
        /// nil: it is gone.
        public var after: JSONValue?

        public init(kind: Kind, name: String, before: JSONValue?, after: JSONValue?) {
            self.kind = kind
            self.name = name
            self.before = before
            self.after = after
        }
    }

    /// An input that has another latest version by now.
    public struct Outdated: Codable, Sendable, Equatable {
        public var name: String
        public var recordID: String
        /// nil: there is none any more.
        public var latestRecordID: String?

        public init(name: String, recordID: String, latestRecordID: String?) {
            self.name = name
            self.recordID = recordID
            self.latestRecordID = latestRecordID
        }

        private enum CodingKeys: String, CodingKey {
            case name
            case recordID = "record_id"
            case latestRecordID = "latest_record_id"
        }
    }

    public struct Result: Codable, Sendable {
        /// What it was compared with; nil: with what was given, or there is nothing before it.
        public var previousRecordID: String?
        public var changes: [Change]
        public var outdated: [Outdated]

        public init(previousRecordID: String?, changes: [Change], outdated: [Outdated]) {
            self.previousRecordID = previousRecordID
            self.changes = changes
            self.outdated = outdated
        }

        private enum CodingKeys: String, CodingKey {
            case previousRecordID = "previous_record_id"
            case changes
            case outdated
        }
    }
}
