import Foundation

/// A perceptron with one hidden layer of tanh units and one linear output.
struct Network: Sendable {
    let inputs: Int
    let hidden: Int
    /// Input weights unit by unit, hidden biases, output weights, output bias.
    var parameters: [Double]

    /// Starts with small random input weights and output 0 for every input.
    init(inputs: Int, hidden: Int, using generator: inout some RandomNumberGenerator) {
        self.inputs = inputs
        self.hidden = hidden
        let bound = (3 / Double(inputs)).squareRoot()
        let weights = (0..<(inputs * hidden)).map { _ in Double.random(in: -bound...bound, using: &generator) }
        self.parameters = weights + [Double](repeating: 0, count: 2 * hidden + 1)
    }

    func output(for input: [Double]) -> Double {
        output(of: activations(for: input))
    }

    /// Adds the gradient of `factor × output` to a vector shaped like the parameters.
    func addGradient(for input: [Double], times factor: Double, to gradient: inout [Double]) {
        let active = activations(for: input)
        for unit in 0..<hidden {
            let slope = factor * parameters[outputWeights + unit] * (1 - active[unit] * active[unit])
            for index in 0..<inputs {
                gradient[unit * inputs + index] += slope * input[index]
            }
            gradient[biases + unit] += slope
            gradient[outputWeights + unit] += factor * active[unit]
        }
        gradient[outputWeights + hidden] += factor
    }

    private var biases: Int { inputs * hidden }
    private var outputWeights: Int { inputs * hidden + hidden }

    private func activations(for input: [Double]) -> [Double] {
        precondition(input.count == inputs, "the network takes \(inputs) inputs")
        return (0..<hidden).map { unit in
            var sum = parameters[biases + unit]
            for index in 0..<inputs {
                sum += parameters[unit * inputs + index] * input[index]
            }
            return tanh(sum)
        }
    }

    private func output(of active: [Double]) -> Double {
        var sum = parameters[outputWeights + hidden]
        for unit in 0..<hidden {
            sum += parameters[outputWeights + unit] * active[unit]
        }
        return sum
    }
}
