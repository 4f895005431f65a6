import Logging
import NIOCore
import Testing
import Wire

@testable import Server

struct LogLineTests {
    private func line(_ message: String, _ metadata: Logger.Metadata = [:]) -> LogLine {
        LogLine(time: 0, level: .warning, label: "holdfast.tcp", message: message, metadata: metadata)
    }

    @Test func aLineSaysWhenWhereAndWhat() {
        #expect(
            line("slow request", ["run": "a", "duration": .stringConvertible(1.5), "id": .stringConvertible(7)]).text
                == "1970-01-01T00:00:00.000000Z warning holdfast.tcp: slow request duration=1.5 id=7 run=a"
        )
    }

    @Test(arguments: [
        ("two words", #""two words""#), ("", #""""#), (#"a"b"#, #""a\"b""#), ("a\nb", #""a\nb""#),
        ("a\u{1B}[31m", #""a\u{1b}[31m""#), (#"C:\x"#, #"C:\x"#),
        ("\r\n2026 error forged", #""\r\n2026 error forged""#),
    ])
    func nobodyWritesALineOfTheirOwn(value: String, shown: String) {
        #expect(line("m", ["v": "\(value)"]).text.hasSuffix("holdfast.tcp: m v=\(shown)"))
        #expect(!line("m\n\(value)").text.contains("\n"))
        #expect(!line("m\n\(value)", ["v": "\(value)"]).json.contains("\n"))
    }

    @Test func inJSONMetadataStandBesideTheMessage() throws {
        let metadata: Logger.Metadata = [
            "id": .stringConvertible(7), "duration": .stringConvertible(0.25), "list": .array(["a", "b"]),
            "map": .dictionary(["k": "v"]), "time": "not this one",
        ]
        let found = try JSONCoding.decode(JSONValue.self, from: ByteBuffer(string: line("m \"q\"", metadata).json))
        #expect(
            found
                == .object([
                    "time": "1970-01-01T00:00:00.000000Z", "level": "warning", "logger": "holdfast.tcp",
                    "message": "m \"q\"", "id": .integer(7), "duration": .number(0.25), "list": ["a", "b"],
                    "map": .object(["k": "v"]),
                ])
        )
    }
}
