import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A value that writes its own JSON: for results and parameters with thousands of members, for which the general encoder takes longer
/// than everything else together.
///
/// What it writes is what ``JSONCoding`` would: sorted keys, and only the members that are there.
public protocol JSONWritable: Encodable {
    func write(to json: inout JSONWriter) throws
}

/// Writes JSON text, as a string: the library that appends to one is optimised in every build.
public struct JSONWriter {
    private(set) var text = ""
    /// What can't stand in a string as it is, without zero, at which C's strings end.
    private static let escaped = String(String.UnicodeScalarView((1..<0x20).map(Unicode.Scalar.init))) + "\"\\"
    private let sink: AttachmentSink?
    /// Whether something stands before the next member or element.
    private var isContinued = false

    init(sink: AttachmentSink?) { self.sink = sink }

    public mutating func object(_ members: (inout JSONWriter) throws -> Void) rethrows {
        try enclosed("{", "}", members)
    }

    /// An array of objects.
    public mutating func member<Element>(
        _ name: String,
        _ elements: [Element],
        _ members: (Element, inout JSONWriter) throws -> Void
    ) rethrows {
        key(name)
        try enclosed("[", "]") { json in
            for element in elements {
                json.separate()
                try json.object { try members(element, &$0) }
            }
        }
    }

    /// An array of texts and nulls.
    public mutating func member(_ name: String, _ values: [String?]) {
        key(name)
        enclosed("[", "]") { json in
            for value in values {
                json.separate()
                json.append(value)
            }
        }
    }

    /// An array of integers and nulls.
    public mutating func member(_ name: String, _ values: [(some BinaryInteger)?]) {
        key(name)
        append(values)
    }

    /// An object with such an array under each of its names, which may have any characters.
    public mutating func member(_ name: String, _ columns: [String: [(some BinaryInteger)?]]) {
        key(name)
        object { json in
            for (name, values) in columns.sorted(by: { $0.key < $1.key }) {
                json.separate()
                json.append(name)
                json.text.append(":")
                json.append(values)
            }
        }
    }

    private mutating func append(_ values: [(some BinaryInteger)?]) {
        enclosed("[", "]") { json in
            for value in values {
                json.separate()
                json.text.append(value.map { String($0) } ?? "null")
            }
        }
    }

    public mutating func member(_ name: String, _ value: Int64?) {
        key(name)
        text.append(value.map(String.init) ?? "null")
    }

    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        text.append(value ? "true" : "false")
    }

    public mutating func member(_ name: String, _ value: Double) {
        key(name)
        guard value.isFinite else {
            text.append(value.isNaN ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"")
            return
        }
        let digits = value.description
        text += digits.hasSuffix(".0") ? digits.dropLast(2) : digits[...]
    }

    public mutating func member(_ name: String, _ value: String?) {
        key(name)
        append(value)
    }

    private mutating func append(_ value: String?) {
        guard let value else {
            text.append("null")
            return
        }
        text.append("\"")
        if unsafe value.withCString({ unsafe strcspn($0, Self.escaped) }) == value.utf8.count {
            text.append(value)
        } else {
            for character in value.unicodeScalars { escape(character) }
        }
        text.append("\"")
    }

    /// Any other value; one that is nil is left away.
    public mutating func memberIfPresent(_ name: String, encoding value: (some Encodable)?) throws {
        guard let value else { return }
        key(name)
        text.append(String(buffer: try JSONCoding.encode(value, sink: sink)))
    }

    private mutating func enclosed(
        _ opening: String,
        _ closing: String,
        _ content: (inout JSONWriter) throws -> Void
    ) rethrows {
        text.append(opening)
        isContinued = false
        try content(&self)
        text.append(closing)
        isContinued = true
    }

    private mutating func separate() {
        if isContinued { text.append(",") }
        isContinued = true
    }

    private mutating func key(_ name: String) {
        separate()
        text.append("\"")
        text.append(name)
        text.append("\":")
    }

    private mutating func escape(_ character: Unicode.Scalar) {
        switch character {
        case "\"": text.append("\\\"")
        case "\\": text.append("\\\\")
        case "\u{8}": text.append("\\b")
        case "\t": text.append("\\t")
        case "\n": text.append("\\n")
        case "\u{c}": text.append("\\f")
        case "\r": text.append("\\r")
        case ..<"\u{10}": text.append("\\u000\(String(character.value, radix: 16))")
        case ..<" ": text.append("\\u00\(String(character.value, radix: 16))")
        default: text.unicodeScalars.append(character)
        }
    }
}
