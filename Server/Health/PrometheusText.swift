/// Metrics in the text format of Prometheus, version 0.0.4.
struct PrometheusText {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    typealias Labels = KeyValuePairs<String, String>

    private(set) var text = ""

    /// Begins a family; its samples follow.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: Labels = [:], _ value: Double) {
        text += name
        if !labels.isEmpty {
            let list = labels.map { "\($0.key)=\"\(Self.escaped($0.value).replacing("\"", with: "\\\""))\"" }
            text += "{\(list.joined(separator: ","))}"
        }
        text += " \(Self.number(value))\n"
    }

    /// A family that has one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [:], value)
    }

    /// The samples of a histogram of seconds.
    mutating func histogram(_ name: String, _ label: (key: String, value: String)..., of histogram: Histogram) {
        let (cumulative, sum) = histogram.reading
        let own = label.map { "\($0.key)=\"\($0.value)\"," }.joined()
        for (bound, count) in zip(Histogram.bounds.map(Self.number) + ["+Inf"], cumulative) {
            text += "\(name)_bucket{\(own)le=\"\(bound)\"} \(count)\n"
        }
        let labels = own.isEmpty ? "" : "{\(own.dropLast())}"
        text += "\(name)_sum\(labels) \(Self.number(sum))\n\(name)_count\(labels) \(cumulative.last ?? 0)\n"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }
}
