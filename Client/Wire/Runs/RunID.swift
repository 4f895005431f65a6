/// The rules for names that become parts of paths and HDF5 names.
public enum RunID {
    /// The first of the runs that keep the arrays given to `images.insert`; clients can't write to them.
    public static let images = "images"
    /// The run that keeps large values of variables; clients can't write to it.
    public static let variables = "variables"

    /// The names of the server's own runs, but for those that continue `images`.
    public static let reserved: Set<String> = [images, variables]

    /// Whether no client may start a run of this name: `images`, `images.2`, `images.3`, …, `variables`.
    public static func isReserved(_ text: String) -> Bool {
        if reserved.contains(text) { return true }
        let number = text.dropFirst(images.count + 1)
        return text.hasPrefix("\(images).") && !number.isEmpty && number.utf8.allSatisfy(\.isASCIIDigit)
    }

    /// Throws unless the text is a run id: `[A-Za-z0-9][A-Za-z0-9._-]{0,127}` without `..`.
    public static func check(_ text: String) throws(WireError) {
        guard isValid(text) else {
            throw .invalidParams(
                "run_id \"\(text.prefix(140))\" is not valid: 1 to 128 of A-Z a-z 0-9 . _ -, the first a letter or digit, no \"..\""
            )
        }
    }

    static func isValid(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...128).contains(bytes.count), bytes[0].isASCIILetterOrDigit else { return false }
        guard bytes.allSatisfy({ $0.isASCIILetterOrDigit || [0x2E, 0x5F, 0x2D].contains($0) }) else { return false }
        return !zip(bytes, bytes.dropFirst()).contains { $0 == 0x2E && $1 == 0x2E }
    }
}

/// The rules for dataset names.
public enum DatasetName {
    /// Whether the text is `[A-Za-z_][A-Za-z0-9_.]{0,63}`.
    public static func isValid(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard (1...64).contains(bytes.count), bytes[0].isASCIILetter || bytes[0] == 0x5F else { return false }
        return bytes.allSatisfy { $0.isASCIILetterOrDigit || $0 == 0x5F || $0 == 0x2E }
    }
}

extension UInt8 {
    var isASCIILetter: Bool { (0x61...0x7A).contains(self | 0x20) }
    var isASCIIDigit: Bool { (0x30...0x39).contains(self) }
    var isASCIILetterOrDigit: Bool { isASCIILetter || isASCIIDigit }
}
