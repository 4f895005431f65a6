/// Cuts comma-separated values (RFC 4180) that come in pieces into records; a quoted field may have commas, quotes (doubled) and
/// line breaks in it.
struct CSVRecords {
    /// The records that are complete and not taken yet.
    private(set) var records: [[String]] = []
    private var record: [String] = []
    private var field: [UInt8] = []
    private var isQuoted = false
    private var previous: UInt8 = 0
    /// Whether a field was no UTF-8.
    private(set) var isMangled = false

    /// Takes the complete records.
    mutating func take() -> [[String]] {
        defer { records = [] }
        return records
    }

    mutating func append(_ bytes: [UInt8]) {
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""):
                // A quote behind a closing one is a quote of the field.
                if !isQuoted, previous == byte { field.append(byte) }
                isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted: endField()
            case UInt8(ascii: "\n") where !isQuoted: endRecord()
            case UInt8(ascii: "\r") where !isQuoted: break
            default: field.append(byte)
            }
            previous = byte
        }
    }

    /// Ends the text; false if that is in the middle of a quoted field.
    mutating func end() -> Bool {
        endRecord()
        return !isQuoted
    }

    private mutating func endField() {
        let text = String(validating: field, as: UTF8.self)
        if text == nil { isMangled = true }
        record.append(text ?? "")
        field.removeAll(keepingCapacity: true)
    }

    private mutating func endRecord() {
        endField()
        if record != [""] { records.append(record) }
        record.removeAll(keepingCapacity: true)
    }
}
