/// Takes quantiles out of values that pass by in ascending order; between two values it interpolates linearly.
struct Quantiles {
    private struct Place {
        let below: Int
        let share: Double
        var value: Double?
    }

    private var places: [Place]
    private var passed = 0

    /// - Parameter count: How many values will pass.
    init(_ quantiles: [Double], count: Int) {
        places = quantiles.map { quantile in
            let position = quantile * Double(max(count - 1, 0))
            return Place(below: Int(position), share: position - position.rounded(.down))
        }
    }

    mutating func add(_ value: Double) {
        for index in places.indices {
            if passed == places[index].below { places[index].value = value }
            if passed == places[index].below + 1, let below = places[index].value, places[index].share > 0 {
                places[index].value = below + (value - below) * places[index].share
            }
        }
        passed += 1
    }

    var values: [Double?] { places.map(\.value) }

    /// The quantiles of groups of rows.
    ///
    /// - Parameters:
    ///   - sql: Gives a value a row, by group and then ascending. SQLite sorts in files, so no memory is needed.
    ///   - counts: How many values each group has, in the same order.
    static func ofGroups(
        _ counts: [Int],
        _ quantiles: [Double],
        _ connection: Connection,
        _ sql: String,
        _ arguments: [any SQLConvertible]
    ) throws -> [[Double?]] {
        var groups = counts.map { Quantiles(quantiles, count: $0) }
        var group = 0
        _ = try connection.rows(sql, arguments) { row in
            while group < groups.count, groups[group].passed == counts[group] { group += 1 }
            if group < groups.count { groups[group].add(row.double(0)) }
        }
        return groups.map(\.values)
    }
}
