import Foundation

/// Gradient descent with running estimates of the gradient's mean and square (Kingma and Ba 2015).
struct Adam: Sendable {
    private let rate: Double
    private var mean: [Double]
    private var square: [Double]
    private var steps = 0.0

    init(rate: Double, count: Int) {
        self.rate = rate
        self.mean = [Double](repeating: 0, count: count)
        self.square = [Double](repeating: 0, count: count)
    }

    mutating func descend(_ parameters: inout [Double], along gradient: [Double]) {
        steps += 1
        let meanCorrection = 1 - pow(0.9, steps)
        let squareCorrection = 1 - pow(0.999, steps)
        for index in gradient.indices {
            mean[index] += 0.1 * (gradient[index] - mean[index])
            square[index] += 0.001 * (gradient[index] * gradient[index] - square[index])
            let step = mean[index] / meanCorrection / ((square[index] / squareCorrection).squareRoot() + 1e-8)
            parameters[index] -= rate * step
        }
    }
}
