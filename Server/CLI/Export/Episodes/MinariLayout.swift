import Holdfast

/// What the steps of all episodes of a Minari dataset have.
struct MinariLayout: Equatable {
    /// The type and shape of a row.
    struct Entry: Equatable {
        let dtype: DType
        let shape: [Int]
    }

    /// By the name within the episode's group: "observations", or "observations/NAME".
    let observations: [String: Entry]
    /// Frames beside the observations.
    let frames: Entry?
    /// Whether the observations are the frames.
    let observesFrames: Bool
    /// Nil for integers.
    let actions: Entry?

    /// - Parameters:
    ///   - observations: By the names of the server's datasets.
    ///   - actions: Nil for integers, and where there are none.
    init?(observations: [String: Entry], frames: Entry?, actions: Entry?) {
        self.actions = actions
        observesFrames = observations.isEmpty
        guard observations.isEmpty else {
            let named = observations.map { (Self.name($0.key), $0.value) }
            self.observations = Dictionary(named, uniquingKeysWith: { $1 })
            self.frames = frames
            return
        }
        guard let frames else { return nil }
        self.observations = ["observations": frames]
        self.frames = nil
    }

    /// The place of a dataset of the server.
    static func name(_ dataset: String) -> String { dataset.replacing("observations.", with: "observations/") }

    var observationSpace: MinariSpace {
        if let only = observations["observations"] { return .box(only.dtype, shape: only.shape) }
        let spaces = observations.map { name, entry in
            (String(name.dropFirst("observations/".count)), MinariSpace.box(entry.dtype, shape: entry.shape))
        }
        return .dictionary(Dictionary(spaces, uniquingKeysWith: { $1 }))
    }

    /// - Parameter range: Of the integers that occurred.
    func actionSpace(_ range: ClosedRange<Int64>) -> MinariSpace {
        if let actions { return .box(actions.dtype, shape: actions.shape) }
        return .discrete(range.lowerBound, count: range.upperBound - range.lowerBound + 1)
    }

    /// Its names, types and shapes in words.
    var summary: String {
        var parts = observations.sorted { $0.key < $1.key }.map { "\($0) \(Self.text($1))" }
        if let frames { parts.append("frames \(Self.text(frames))") }
        parts.append("actions \(actions.map(Self.text) ?? "integers")")
        return parts.joined(separator: ", ")
    }

    private static func text(_ entry: Entry) -> String { "\(entry.dtype.rawValue) \(entry.shape)" }
}
