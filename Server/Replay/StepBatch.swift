import HDF5
import NIOCore
import Wire

/// The steps of one request in columns, checked, whichever way they came.
struct StepBatch: Sendable {
    /// A column that names few distinct things: a code per row, -1 for null.
    struct Names: Sendable {
        var values: [String]
        var codes: [Int]

        func value(_ row: Int) -> String? { codes[row] < 0 ? nil : values[codes[row]] }
    }

    /// The actions of all steps.
    enum Actions: Sendable {
        case none
        /// Nil where a step has none.
        case discrete([Int32?])
        /// Float or vector actions, in memory of their own; `rows` says which steps have one.
        case arrays(RowSource, rows: [Int])
    }

    /// Arrays of some of the steps, for one dataset.
    struct Attached: Sendable {
        let dataset: String
        let layout: RowLayout
        /// Empty when the arrays are encoded.
        fileprivate(set) var source: [RowSource]
        /// Which step each array row belongs to, ascending.
        let rows: [Int]

        /// - Parameter source: At least one, all of the same layout.
        init(dataset: String, source: [RowSource], rows: [Int]) {
            self.dataset = dataset
            self.layout = source[0].layout
            self.source = source
            self.rows = rows
        }
    }

    let count: Int
    let episodes: Names
    let stepIndices: [Int64]
    let rewards: [Double]
    let terminated: [Bool]
    let truncated: [Bool]
    /// UNIX seconds; nil for the time of receipt.
    let timestamps: [Double?]?
    var actions: Actions
    var attached: [Attached]
    /// JSON texts
    let infos: [String?]?
    let agents: Names?
    let workers: Names?

    /// The dataset that `frame_ref` names, if the batch has frames.
    var frames: Attached? { attached.first { $0.dataset == "frames" } }

    /// The datasets of observations by name: `observations`, or those of dict observations. `obs_ref` names the first that
    /// a step has.
    var observations: [Attached] {
        attached.filter { $0.dataset.hasPrefix("observations") }.sorted { $0.dataset < $1.dataset }
    }

    /// Lets go of the attached arrays once they are encoded, and so of the request's memory.
    mutating func releaseSources() {
        for place in attached.indices { attached[place].source = [] }
    }

    /// Makes integer actions numbers of the run's float dtype, where that holds them exactly: 1.0 in JSON reads as an integer.
    mutating func widenActions(to layout: RowLayout) throws {
        guard case .discrete(let integers) = actions, layout.shape.isEmpty else { return }
        let rows = integers.indices.filter { integers[$0] != nil }
        let given = integers.compactMap(\.self)
        switch layout.dtype {
        case .float64: actions = .arrays(try RowSource(rowsOf: ArrayValue(given.map(Double.init))), rows: rows)
        case .float32:
            let floats = given.compactMap { Float(exactly: $0) }
            guard floats.count == given.count else { return }
            actions = .arrays(try RowSource(rowsOf: ArrayValue(floats)), rows: rows)
        default: return
        }
    }

    /// The most steps in a request.
    static let maximumCount = 100_000
    private static let mostInfoBytes = 1 << 20

    /// Throws where a value can't be stored, naming the step.
    func check() throws {
        guard (1...Self.maximumCount).contains(count) else {
            throw WireError.invalidParams("a request has 1 to \(Self.maximumCount) steps, got \(count)")
        }
        for episode in episodes.values { try Self.checkEpisode(episode) }
        if let row = episodes.codes.firstIndex(of: -1) {
            throw WireError.invalidParams("step \(row): episode_id is null")
        }
        if let row = stepIndices.firstIndex(where: { $0 < 0 }) {
            throw WireError.invalidParams("step \(row): step_index is \(stepIndices[row]); it must be at least 0")
        }
        if let row = rewards.firstIndex(where: \.isNaN) {
            throw WireError.invalidParams("step \(row): reward is NaN")
        }
        if let row = infos?.firstIndex(where: { $0?.utf8.count ?? 0 > Self.mostInfoBytes }) {
            throw WireError.invalidParams("step \(row): info takes more than \(Self.mostInfoBytes) bytes as JSON")
        }
        if let row = infos?.firstIndex(where: { $0.map { $0.utf8.first { $0 > 0x20 } != UInt8(ascii: "{") } ?? false })
        {
            throw WireError.invalidParams("step \(row): info is not a JSON object")
        }
        let bytes = attached.reduce(0) { $0 + $1.layout.rowBytes * $1.rows.count }
        guard bytes <= RowSource.mostBytes else {
            throw WireError.invalidParams(
                "the arrays of the request are \(bytes) bytes without compression, at most \(RowSource.mostBytes) are possible"
            )
        }
        if let row = timestamps?.firstIndex(where: { $0.map { !Timestamp.range.contains($0) } ?? false }) {
            throw WireError.invalidParams(
                "step \(row): timestamp is \(timestamps?[row] ?? 0), no time in UNIX seconds of the years 1 to 9999"
            )
        }
    }

    static func checkEpisode(_ episodeID: String) throws {
        guard (1...512).contains(episodeID.utf8.count), !episodeID.utf8.contains(0) else {
            throw WireError.invalidParams("episode_id must have 1 to 512 bytes, none of them 0")
        }
    }
}
