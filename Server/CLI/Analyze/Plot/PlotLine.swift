/// A line in pieces that are not joined.
struct PlotLine: Equatable {
    var segments: [[PlotPoint]]
    /// Where the line only shows how far its values reach, because there are too many: their course.
    var means: [[PlotPoint]] = []

    /// The same in another unit.
    func divided(by divisor: Double) -> PlotLine {
        func scaled(_ points: [[PlotPoint]]) -> [[PlotPoint]] {
            points.map { $0.map { PlotPoint(time: $0.time, value: $0.value / divisor) } }
        }
        return divisor == 1 ? self : PlotLine(segments: scaled(segments), means: scaled(means))
    }
}
