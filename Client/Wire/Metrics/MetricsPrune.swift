#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Deletes metrics in small pieces: a call does as much as takes a few milliseconds and says where to go on, so that others
/// write in between. What plots show of them stays.
public struct MetricsPrune: Method {
    public static let name = "metrics.prune"
    public static let effect = MethodEffect.write

    /// Only of this run.
    public var runID: String?
    /// Only what was logged before this time, UNIX seconds.
    public var before: Double?
    /// Keeps every n-th point of each series; by default none.
    public var keepEvery: Int?
    /// Where the call before stopped.
    public var cursor: String?

    public var auditNote: String? {
        guard cursor == nil else { return nil }
        let time = before.map { Date(timeIntervalSince1970: $0.rounded(.down)).formatted(.iso8601) }
        return "run \(runID ?? "any"), before \(time ?? "any time")"
    }

    public init(runID: String? = nil, before: Double? = nil, keepEvery: Int? = nil, cursor: String? = nil) {
        self.runID = runID
        self.before = before
        self.keepEvery = keepEvery
        self.cursor = cursor
    }

    public static var soleParameters: [String]? { CodingKeys.allCases.map(\.rawValue) }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case runID = "run_id"
        case before
        case keepEvery = "keep_every"
        case cursor
    }

    public struct Result: Codable, Sendable {
        /// Rows that this call deleted.
        public var deleted: Int
        /// Rows that it looked at.
        public var examined: Int
        /// nil when nothing is left to do.
        public var cursor: String?

        public init(deleted: Int, examined: Int, cursor: String?) {
            self.deleted = deleted
            self.examined = examined
            self.cursor = cursor
        }
    }
}
