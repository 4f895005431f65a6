import Testing
import Wire

@testable import Server

struct PageTests {
    private struct Key: Codable, Equatable {
        let name: String
        let value: JSONValue
    }

    @Test(arguments: [(nil, 10), (1, 1), (25, 25), (26, 25), (.max, 25)] as [(Int?, Int)])
    func limitsAreAtMostTheMaximum(asked: Int?, limit: Int) throws {
        #expect(try Page.limit(asked, default: 10, maximum: 25) == limit)
    }

    @Test(arguments: [0, -1, .min])
    func limitsBelowOneAreRefused(asked: Int) {
        let error = #expect(throws: WireError.self) { try Page.limit(asked, default: 10, maximum: 25) }
        #expect(error?.kind == .invalidParams)
    }

    @Test(arguments: [JSONValue.integer(.min), .number(-0.1), .number(.infinity), .string("é\0🧪"), .null])
    func cursorsGiveTheirKeyBack(value: JSONValue) throws {
        let key = Key(name: "\"a\"", value: value)
        let read = try #require(try Page.key(Key.self, of: try Page.cursor(key)))
        #expect(read.name == key.name)
        // What JSON has no number for comes back as its name.
        #expect(read.value == (value == .number(.infinity) ? .string("Infinity") : value))
    }

    @Test(arguments: ["?", "WyE=", "W30=", "e10="])
    func whatIsNoCursorIsRefused(text: String) {
        let error = #expect(throws: WireError.self) { try Page.key(Key.self, of: text) }
        #expect(error?.kind == .invalidParams)
    }

    @Test func withoutACursorThereIsNoKey() throws {
        #expect(try Page.key(Key.self, of: nil) == nil)
    }
}
