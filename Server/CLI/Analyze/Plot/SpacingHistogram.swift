import Foundation

/// Counts of lengths in narrow classes, for a median of any number of them that is right within two percent.
struct SpacingHistogram {
    private static let classesPerDoubling = 32.0

    private var counts: [Int: Int] = [:]
    private var count = 0

    mutating func add(_ length: Double) {
        guard length > 0, length.isFinite else { return }
        counts[Int((log2(length) * Self.classesPerDoubling).rounded()), default: 0] += 1
        count += 1
    }

    /// Nil if there are no lengths.
    var median: Double? {
        var passed = 0
        for (place, number) in counts.sorted(by: { $0.key < $1.key }) {
            passed += number
            if 2 * passed >= count { return exp2(Double(place) / Self.classesPerDoubling) }
        }
        return nil
    }
}
