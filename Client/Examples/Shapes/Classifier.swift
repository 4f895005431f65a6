import Foundation

/// Logistic regression on histograms of gradient directions (Dalal and Triggs, "Histograms of Oriented Gradients for Human
/// Detection", 2005), trained by gradient descent with a little weight decay.
package struct Classifier: Sendable {
    package struct Sample {
        package let id: Int64
        package let features: [Double]
        package let isPositive: Bool

        package init(id: Int64, features: [Double], isPositive: Bool) {
            self.id = id
            self.features = features
            self.isPositive = isPositive
        }
    }

    private static let bins = 24
    private static let steps = 400
    private static let rate = 0.5
    private static let decay = 1e-3

    package private(set) var weights: [Double]
    package private(set) var bias = 0.0

    /// One that was trained before.
    package init(weights: [Double], bias: Double) {
        self.weights = weights
        self.bias = bias
    }

    package init(training samples: [Sample]) {
        weights = [Double](repeating: 0, count: samples.first?.features.count ?? Self.bins + 2)
        guard !samples.isEmpty else { return }
        for _ in 0..<Self.steps {
            var gradient = weights.map { Self.decay * $0 * Double(samples.count) }
            var biasGradient = 0.0
            for sample in samples {
                let error = confidence(sample.features) - (sample.isPositive ? 1 : 0)
                for place in gradient.indices { gradient[place] += error * sample.features[place] }
                biasGradient += error
            }
            let step = Self.rate / Double(samples.count)
            for place in weights.indices { weights[place] -= step * gradient[place] }
            bias -= step * biasGradient
        }
    }

    /// How sure it is of "yes", 0 … 1.
    package func confidence(_ features: [Double]) -> Double {
        let sum = zip(weights, features).reduce(bias) { $0 + $1.0 * $1.1 }
        return 1 / (1 + exp(-sum))
    }

    /// The shares of edge directions in a gray picture, sorted from the most to the least frequent so that a turn of the
    /// picture changes little: a square has four strong ones, a disc has all alike.
    package static func features(of pixels: [UInt8], side: Int) -> [Double] {
        let smooth = blurred(pixels.map(Double.init), side)
        var histogram = [Double](repeating: 0, count: bins)
        for row in 1..<(side - 1) {
            for column in 1..<(side - 1) {
                let place = row * side + column
                let x = smooth[place + 1] - smooth[place - 1]
                let y = smooth[place + side] - smooth[place - side]
                let strength = hypot(x, y)
                guard strength > 8 else { continue }
                let turn = (atan2(y, x) + .pi) / (2 * .pi)
                histogram[min(bins - 1, Int(turn * Double(bins)))] += strength
            }
        }
        let total = max(1e-9, histogram.reduce(0, +))
        let shares = histogram.map { $0 / total }
        let spread = shares.reduce(0) { $0 + $1 * $1 }
        return shares.sorted(by: >).map { 20 * ($0 - 1 / Double(bins)) } + [40 * (spread - 1 / Double(bins))]
    }

    /// The mean of the 3 × 3 pixels around each, taken twice.
    private static func blurred(_ pixels: [Double], _ side: Int) -> [Double] {
        var result = pixels
        for _ in 0..<2 {
            let source = result
            for row in 1..<(side - 1) {
                for column in 1..<(side - 1) {
                    var sum = 0.0
                    for step in [-side, 0, side] {
                        let place = row * side + column + step
                        sum += source[place - 1] + source[place] + source[place + 1]
                    }
                    result[row * side + column] = sum / 9
                }
            }
        }
        return result
    }
}
