import HDF5
import Holdfast
import NIOCore

/// The infos of the steps of an episode, as JSON texts.
struct StepInfos {
    private let paths: ForeignEpisode.Paths
    private let file: ArrayFile
    /// Infos that are one number a step, or a flag.
    private let numbers: [String: String]

    init(_ paths: ForeignEpisode.Paths, _ file: ArrayFile) {
        self.paths = paths
        self.file = file
        numbers = paths.infos.filter { _, path in
            file.datasets[path].map { $0.dtype != nil && $0.dimensions.count == 1 } ?? false
        }
    }

    /// One for each of the rows; nil for none.
    func texts(_ rows: Range<Int>) async throws -> [String?] {
        if let path = paths.infoTexts, let texts = try await file.texts(path, rows) {
            return texts.map { $0.hasPrefix("{") ? $0 : nil }
        }
        guard !numbers.isEmpty else { return [String?](repeating: nil, count: rows.count) }
        var infos = [[String: JSONValue]](repeating: [:], count: rows.count)
        let steps = file.datasets[paths.actions]?.rows ?? 0
        for (name, path) in numbers {
            // With one more than there are steps, the first is that of the reset.
            let total = file.datasets[path]?.rows ?? 0
            let shift = total == steps + 1 ? 1 : 0
            guard rows.upperBound + shift <= total else { continue }
            let values = try await file.rows(path, (rows.lowerBound + shift)..<(rows.upperBound + shift))
            for (place, value) in Self.values(values).enumerated() { infos[place][name] = value }
        }
        return try infos.map { String(buffer: try JSONCoding.encode($0)) }
    }

    private static func values(_ array: ArrayValue) -> [JSONValue] {
        if let flags = array.booleans() { return flags.map { .bool($0) } }
        return array.integers().map { $0.map { .integer($0) } } ?? array.doubles().map { $0.map { .number($0) } } ?? []
    }
}
