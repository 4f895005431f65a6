/// Finds the names that somebody may have meant.
enum Similarity {
    private static let most = 5
    private static let longest = 128

    /// Names that contain the text, or differ from it in few letters, the nearest first.
    static func nearest(to text: String, among names: [String]) -> [String] {
        let wanted = Array(text.lowercased().prefix(longest))
        let near = names.compactMap { name -> (name: String, distance: Int)? in
            let letters = Array(name.lowercased().prefix(longest))
            let distance = distance(wanted, letters)
            let isPart = !wanted.isEmpty && name.lowercased().contains(text.lowercased())
            guard isPart || distance <= max(2, wanted.count / 3) else { return nil }
            return (name, distance)
        }
        return near.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(most).map(\.name)
    }

    /// How many letters must be put in, taken out or replaced (Levenshtein).
    static func distance(_ first: [Character], _ second: [Character]) -> Int {
        var row = Array(0...second.count)
        for (line, letter) in first.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, other) in second.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[second.count]
    }
}
