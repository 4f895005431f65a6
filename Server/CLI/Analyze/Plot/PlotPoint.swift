/// A value at a time, in seconds since the run's start.
struct PlotPoint: Equatable {
    let time: Double
    let value: Double
}
