import Wire

/// One combination: where it is, its status, and why.
public struct BatchEntry: Sendable, CustomStringConvertible {
    /// In a plan: `run`, `hit` and `missing`; in a report also `done`, `failed` and `skipped`.
    public enum Status: String, Sendable, CaseIterable {
        /// It is to be computed.
        case run
        /// Its outputs are stored already.
        case hit
        /// An input is not there.
        case missing
        /// It was computed and saved.
        case done
        case failed
        /// Another one failed, and that was to stop it.
        case skipped
    }

    public let metadata: Metadata
    public internal(set) var status: Status
    public internal(set) var why: String
    /// What was thrown.
    public internal(set) var error: (any Error)?
    /// The outputs' records, as far as they are known.
    public internal(set) var recordIDs: [String] = []
    /// How long it took.
    public internal(set) var duration = Duration.zero
    /// For each parameter the record that it is given; nil for a constant.
    var inputs: [VariableRecord?] = []
    /// Whether the outputs are at this very location.
    var isHere = false

    init(_ metadata: Metadata, _ status: Status, _ why: String) {
        self.metadata = metadata
        self.status = status
        self.why = why
    }

    mutating func fail(_ error: any Error) {
        status = .failed
        self.error = error
        why = "\(error)".split(separator: "\n").first.map(String.init) ?? ""
    }

    public var description: String {
        let padded = status.rawValue + String(repeating: " ", count: 8 - status.rawValue.count)
        return padded + metadata.shown + (why.isEmpty ? "" : ": \(why)")
    }
}

/// What a batch is going to do, or what it did: an entry for each combination, in their order.
public struct BatchReport: Sendable, CustomStringConvertible {
    public internal(set) var entries: [BatchEntry]

    /// How many there are of each status.
    public var counts: [BatchEntry.Status: Int] { entries.reduce(into: [:]) { $0[$1.status, default: 0] += 1 } }

    /// Whether the outputs of every combination are there.
    public var isComplete: Bool { entries.allSatisfy { $0.status == .done || $0.status == .hit } }

    /// The entries of a status.
    public func entries(_ status: BatchEntry.Status) -> [BatchEntry] { entries.filter { $0.status == status } }

    /// Throws the first error that there was.
    public func throwFirst() throws {
        if let error = entries.lazy.compactMap(\.error).first { throw error }
    }

    public var description: String {
        let counted = BatchEntry.Status.allCases.compactMap { status in
            counts[status].map { "\($0) \(status.rawValue)" }
        }
        let head = counted.isEmpty ? "no combinations" : counted.joined(separator: ", ")
        return ([head] + entries.map(\.description)).joined(separator: "\n")
    }
}

extension Metadata {
    /// For people: `session=A, subject=1`.
    var shown: String {
        sorted { $0.key < $1.key }.map { key, value in
            switch value {
            case .string(let text): "\(key)=\(text)"
            case .integer(let number): "\(key)=\(number)"
            case .number(let number): "\(key)=\(number)"
            case .bool(let value): "\(key)=\(value)"
            default: "\(key)=…"
            }
        }.joined(separator: ", ")
    }

    /// Whether it says the same, 1 and 1.0 being equal.
    func isSame(as other: Metadata) -> Bool { canonical == other.canonical }

    var canonical: [UInt8] {
        var bytes = Canonical()
        bytes.add(.object(self))
        return bytes.bytes
    }
}
