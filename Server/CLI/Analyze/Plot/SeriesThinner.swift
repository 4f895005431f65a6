import Foundation

/// Makes a line of bounded length from points that are added in the order of time.
///
/// When there are too many, each of equally long stretches of time keeps its least and its greatest value, so that nothing
/// that stands out disappears. The line is interrupted where nothing was recorded for long.
struct SeriesThinner {
    /// How many times the usual spacing is a gap.
    private static let gapFactor = 10.0

    private let limit: Int
    private let width: Double
    private var points: [PlotPoint] = []
    private var stretches: [(number: Int, least: PlotPoint, greatest: PlotPoint)] = []
    private var gaps: [ClosedRange<Double>] = []
    private var spacings = SpacingHistogram()
    private var previous: Double?
    private(set) var count = 0

    /// - Parameters:
    ///   - length: The seconds in which all points lie.
    ///   - limit: The most points that are kept.
    init(length: Double, limit: Int = 2000) {
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
        } else {
            stretches.append((number, point, point))
        }
        if let previous, point.time > previous {
            spacings.add(point.time - previous)
            // What is shorter than a stretch can't be seen; of longer ones there are few.
            if point.time - previous > width { gaps.append(previous...point.time) }
        }
        previous = point.time
    }

    /// The line, cut where there are gaps.
    var segments: [[PlotPoint]] {
        let usual = spacings.median ?? .infinity
        var cuts = gaps.filter { $0.upperBound - $0.lowerBound > Self.gapFactor * usual }[...]
        var segments: [[PlotPoint]] = []
        for point in count <= limit ? points : thinned {
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

    private var thinned: [PlotPoint] {
        stretches.flatMap { stretch in
            if stretch.least == stretch.greatest { return [stretch.least] }
            return stretch.least.time <= stretch.greatest.time
                ? [stretch.least, stretch.greatest] : [stretch.greatest, stretch.least]
        }
    }
}
