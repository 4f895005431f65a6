/// A reference from a row to an array: `h5://{run_id}/{dataset}/{index}`.
public struct FrameRef: Sendable, Hashable, CustomStringConvertible {
    public let runID: String
    public let dataset: String
    /// The row of the dataset.
    public let index: Int

    public init(runID: String, dataset: String, index: Int) {
        self.runID = runID
        self.dataset = dataset
        self.index = index
    }

    /// Parses the text strictly: nothing before or after, no sign, no leading zero.
    public init(_ text: String) throws(WireError) {
        func invalid(_ reason: String) -> WireError {
            WireError(
                .invalidReference,
                "\"\(text.prefix(240))\" is not a reference h5://run_id/dataset/index: \(reason)"
            )
        }
        guard text.utf8.starts(with: "h5://".utf8) else { throw invalid("it must begin with h5://") }
        let parts = text.utf8.dropFirst(5).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw invalid("expected three parts") }
        guard let runID = String(parts[0]), RunID.isValid(runID) else { throw invalid("bad run_id") }
        guard let dataset = String(parts[1]), DatasetName.isValid(dataset) else { throw invalid("bad dataset") }
        guard let index = Self.index(parts[2]) else { throw invalid("bad index") }
        self.init(runID: runID, dataset: dataset, index: index)
    }

    private static func index(_ digits: Substring.UTF8View) -> Int? {
        guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0") else { return nil }
        var value = 0
        for digit in digits {
            guard digit.isASCIIDigit else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit - UInt8(ascii: "0")))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value
    }

    public var description: String { "h5://\(runID)/\(dataset)/\(index)" }
}
