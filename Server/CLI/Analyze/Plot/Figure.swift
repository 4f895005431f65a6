/// What a plot shows: stacked panels above one axis of time, with the stretches in which operations ran.
struct Figure {
    /// A line; its points are in seconds since the start.
    struct Curve {
        let title: String
        let colour: String
        /// 1 is a solid line.
        var dash = 1
        var isOnRight = false
        let line: PlotLine

        var values: some Sequence<Double> { line.segments.lazy.joined().map(\.value) }
    }

    /// The curves that share a pair of value axes.
    struct Panel {
        let title: String
        /// Whether the axes begin at zero.
        let isFromZero: Bool
        let curves: [Curve]

        /// Whether the values are better seen on a logarithmic axis: all positive, over more than two decades.
        var isLogarithmic: Bool {
            guard !isFromZero, let least = curves.lazy.flatMap(\.values).min(),
                let greatest = curves.lazy.flatMap(\.values).max()
            else { return false }
            return least > 0 && greatest / least > 100
        }
    }

    /// The stretches of one operation.
    struct Lane {
        let title: String
        let colour: String
        let bands: [ClosedRange<Double>]
    }

    let title: String
    let length: Double
    let lanes: [Lane]
    let panels: [Panel]
}
