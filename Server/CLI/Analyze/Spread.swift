/// What is known of the values that were added: how many, first, last, least, greatest, mean.
struct Spread: Equatable {
    private(set) var count = 0
    private(set) var mean = 0.0
    private(set) var least = Double.infinity
    private(set) var greatest = -Double.infinity
    private var firstTime = Double.infinity
    private var lastTime = -Double.infinity
    private var earliest: Double?
    private var latest: Double?
    private(set) var nonFinite: [String: Int] = [:]

    var first: Double? { earliest }
    var last: Double? { latest }
    var minimum: Double? { count > 0 ? least : nil }
    var maximum: Double? { count > 0 ? greatest : nil }
    var average: Double? { count > 0 ? mean : nil }
    var nonFiniteCount: Int { nonFinite.values.reduce(0, +) }

    /// Of values at the same time, the one added first counts as the earlier.
    mutating func add(_ value: Double, at time: Double) {
        count += 1
        // Divided first: the difference of two large values may be beyond all numbers.
        mean += value / Double(count) - mean / Double(count)
        least = min(least, value)
        greatest = max(greatest, value)
        if time < firstTime || earliest == nil { (firstTime, earliest) = (time, value) }
        if time >= lastTime || latest == nil { (lastTime, latest) = (time, value) }
    }

    /// A value that was not a finite number.
    mutating func add(nonFinite kind: String) { nonFinite[kind, default: 0] += 1 }

    /// `3 NaN, 1 Infinity`
    var nonFiniteText: String {
        let parts = nonFinite.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\(Human.count($0.value)) \($0.key)" }
        return parts.isEmpty ? Human.nothing : parts.joined(separator: ", ")
    }
}
