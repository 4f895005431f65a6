import Logging
import NIOCore
import Wire

/// A log message as the line that is written.
struct LogLine {
    let time: Double
    let level: Logger.Level
    /// Which part of the server it is of.
    let label: String
    let message: String
    let metadata: Logger.Metadata

    /// `2026-11-28T05:10:12.000000Z warning holdfast.writer: commit failed error="disk I/O error" writes=3`
    var text: String {
        let members = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\(Self.plain($0.value))" }.joined()
        return "\(Timestamp.text(time)) \(level) \(label): \(Self.escaped(message))\(members)"
    }

    /// One JSON object; metadata stand beside `time`, `level`, `logger` and `message`.
    var json: String {
        var members = metadata.mapValues(Self.value)
        for (name, text) in [
            ("time", Timestamp.text(time)), ("level", level.rawValue), ("logger", label), ("message", message),
        ] {
            members[name] = .string(text)
        }
        do {
            return String(buffer: try JSONCoding.encode(JSONValue.object(members)))
        } catch {
            preconditionFailure("strings can be encoded: \(error)")
        }
    }

    private static func value(_ value: Logger.MetadataValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let number as Int): .integer(Int64(number))
        case .stringConvertible(let number as Double) where number.isFinite: .number(number)
        case .stringConvertible(let other): .string("\(other)")
        case .array(let values): .array(values.map(Self.value))
        case .dictionary(let values): .object(values.mapValues(Self.value))
        }
    }

    /// A value in text: in quotes where it would not be one word.
    private static func plain(_ value: Logger.MetadataValue) -> String {
        let text = "\(value)"
        let isWord = !text.isEmpty && !text.unicodeScalars.contains { $0 == "\"" || $0 == " " || $0.value < 0x20 }
        return isWord ? text : "\"\(escaped(text).replacing("\"", with: "\\\""))\""
    }

    /// On one line: who writes a line break into a name must not be able to write a line of the log.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isControl($0) || $0 == "\\" }) else { return text }
        return text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case _ where isControl(scalar): escaped += "\\u{\(String(scalar.value, radix: 16))}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    /// C0, DEL and C1: what moves a terminal's cursor.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .control }
}
