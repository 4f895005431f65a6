import Foundation

/// Makes a line of bounded length from points that are added in the order of time.
///
/// When there are too many, each of equally long stretches of time keeps its least and its greatest value, so that nothing
/// that stands out disappears, and a second line follows the means. A line is interrupted where nothing was recorded for
/// long.
struct SeriesThinner {
    private struct Stretch {
        let number: Int
        var least: PlotPoint
        var greatest: PlotPoint
        var sum: Double
        var count: Double
    }

    /// How many stretches share a mean, which is to be calmer than their extremes.
    private static let perMean = 2
    /// How many times the usual spacing is a gap.
    private static let gapFactor = 10.0

    private let limit: Int
    private let width: Double
    private var points: [PlotPoint] = []
    private var stretches: [Stretch] = []
    private var gaps: [ClosedRange<Double>] = []
    private var spacings = SpacingHistogram()
    private var previous: Double?
    private(set) var count = 0

    /// - Parameters:
    ///   - length: The seconds in which all points lie.
    ///   - limit: The most points that are kept.
    init(length: Double, limit: Int = 1600) {
        self.limit = limit
        width = max(length, .leastNormalMagnitude) / Double(limit / 2)
    }

    mutating func add(_ point: PlotPoint) {
        count += 1
        if count <= limit { points.append(point) } else { points = [] }
        let number = Int(min(max(point.time / width, 0), Double(limit / 2 - 1)))
        if let last = stretches.last, last.number == number {
            let place = stretches.count - 1
            if point.value < last.least.value { stretches[place].least = point }
            if point.value > last.greatest.value { stretches[place].greatest = point }
            stretches[place].sum += point.value
            stretches[place].count += 1
        } else {
            stretches.append(Stretch(number: number, least: point, greatest: point, sum: point.value, count: 1))
        }
        if let previous, point.time > previous {
            spacings.add(point.time - previous)
            // What is shorter than a stretch can't be seen; of longer ones there are few.
            if point.time - previous > width { gaps.append(previous...point.time) }
        }
        previous = point.time
    }

    /// The line, cut where there are gaps.
    var line: PlotLine {
        guard count > limit else { return PlotLine(segments: cut(points)) }
        return PlotLine(segments: cut(extremes), means: cut(means))
    }

    private func cut(_ points: [PlotPoint]) -> [[PlotPoint]] {
        let usual = spacings.median ?? .infinity
        var cuts = gaps.filter { $0.upperBound - $0.lowerBound > Self.gapFactor * usual }[...]
        var segments: [[PlotPoint]] = []
        for point in points {
            var isCut = segments.isEmpty
            while let cut = cuts.first, point.time >= cut.upperBound {
                cuts.removeFirst()
                isCut = true
            }
            if isCut { segments.append([]) }
            segments[segments.count - 1].append(point)
        }
        return segments
    }

    private var extremes: [PlotPoint] {
        stretches.flatMap { stretch in
            if stretch.least == stretch.greatest { return [stretch.least] }
            return stretch.least.time <= stretch.greatest.time
                ? [stretch.least, stretch.greatest] : [stretch.greatest, stretch.least]
        }
    }

    private var means: [PlotPoint] {
        var groups: [ArraySlice<Stretch>] = []
        for (place, stretch) in stretches.enumerated() {
            if let group = groups.last, let first = group.first,
                stretch.number / Self.perMean == first.number / Self.perMean
            {
                groups[groups.count - 1] = stretches[group.startIndex...place]
            } else {
                groups.append(stretches[place...place])
            }
        }
        return groups.compactMap { group in
            guard let first = group.first, let last = group.last else { return nil }
            let middle = (min(first.least.time, first.greatest.time) + max(last.least.time, last.greatest.time)) / 2
            let count = group.reduce(0) { $0 + $1.count }
            return PlotPoint(time: middle, value: group.reduce(0) { $0 + $1.sum } / count)
        }
    }
}
