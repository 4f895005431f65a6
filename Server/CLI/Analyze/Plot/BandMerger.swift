/// Joins stretches of time that overlap or nearly touch; they are added in the order of their beginnings.
struct BandMerger {
    private let tolerance: Double
    private(set) var bands: [ClosedRange<Double>] = []

    /// - Parameter tolerance: The seconds between two stretches that count as touching.
    init(tolerance: Double) { self.tolerance = tolerance }

    mutating func add(_ band: ClosedRange<Double>) {
        if let last = bands.last, band.lowerBound <= last.upperBound + tolerance {
            bands[bands.count - 1] = last.lowerBound...max(last.upperBound, band.upperBound)
        } else {
            bands.append(band)
        }
    }
}
