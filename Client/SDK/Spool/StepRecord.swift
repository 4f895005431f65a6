import NIOCore
import Wire

/// One environment step, as a training process logged it.
struct StepRecord: Sendable {
    let runID: String
    let episodeID: String
    let index: Int64
    let action: Action?
    let reward: Double
    let terminated: Bool
    let truncated: Bool
    let frame: ArrayValue?
    let observation: Observation?
    let info: JSONValue?
    /// UNIX seconds
    let timestamp: Double

    /// What the server takes for a time: the years 1 to 9999.
    private static let times = -62_135_596_800.0...253_402_300_799.0

    /// Why the server would refuse the step for itself, so that it does not take its whole batch along.
    var fault: String? {
        if !(1...512).contains(episodeID.utf8.count) || episodeID.utf8.contains(0) {
            return "an episode id has 1 to 512 bytes, none of them 0"
        }
        if index < 0 { return "the step index is \(index); it must be at least 0" }
        if reward.isNaN { return "the reward is NaN" }
        if !Self.times.contains(timestamp) { return "the timestamp is \(timestamp); it must be in UNIX seconds" }
        if info.map({ $0.bytes > 1 << 20 }) ?? false { return "its info takes more than 1 MiB" }
        if observation?.arrays.count ?? 0 > 64 { return "its observation has more than 64 arrays" }
        if case .discrete(let value) = action, Int32(exactly: value) == nil {
            return "the action \(value) does not fit 32 bits"
        }
        let arrays = [frame].compactMap(\.self) + (observation?.arrays ?? [])
        if arrays.contains(where: { $0.rows != nil }) { return "its arrays must not be compressed" }
        return nil
    }
}

extension ArrayValue {
    func hasLayout(of other: ArrayValue) -> Bool { dtype == other.dtype && shape == other.shape }
}

extension Action? {
    /// An action column has a value for every step, all of one layout.
    func hasLayout(of other: Action?) -> Bool {
        switch (self, other) {
        case (nil, nil), (.discrete, .discrete), (.continuous, .continuous): true
        case (.array(let one), .array(let two)): one.hasLayout(of: two)
        default: false
        }
    }
}

extension Observation {
    /// Its arrays in the order of their names.
    var arrays: [ArrayValue] {
        switch self {
        case .array(let array): [array]
        case .arrays(let arrays): arrays.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    var bytes: Int {
        switch self {
        case .array(let array): array.bytes.readableBytes
        case .arrays(let arrays): arrays.reduce(0) { $0 + $1.key.utf8.count + $1.value.bytes.readableBytes }
        }
    }

    func hasLayout(of other: Observation) -> Bool {
        switch (self, other) {
        case (.array(let one), .array(let two)): one.hasLayout(of: two)
        case (.arrays(let one), .arrays(let two)):
            one.count == two.count && one.allSatisfy { two[$0.key].map($0.value.hasLayout) ?? false }
        default: false
        }
    }
}

extension JSONValue {
    /// The memory it takes, about.
    var bytes: Int {
        switch self {
        case .null, .bool, .integer, .number: 16
        case .string(let text): 16 + text.utf8.count
        case .array(let values): values.reduce(16) { $0 + $1.bytes }
        case .object(let members): members.reduce(16) { $0 + $1.key.utf8.count + $1.value.bytes }
        }
    }
}
