import ArgumentParser

/// A length of time, as people write it.
struct Age: ExpressibleByArgument {
    let seconds: Double

    init?(argument: String) {
        let units = ["s": 1.0, "min": 60, "h": 3600, "d": 86_400, "w": 604_800]
        let digits = argument.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits), number >= 0, let unit = units[String(argument.dropFirst(digits.count))]
        else { return nil }
        seconds = number * unit
    }
}
