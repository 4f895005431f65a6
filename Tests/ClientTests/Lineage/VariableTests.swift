import Testing
import Wire

@testable import Holdfast

struct VariableTests {
    private struct Grown: Variable, Codable {
        var old: Int
        var added: Int
    }

    @Test func aValueOfAnotherFormOfItsTypeIsToldWithWhatItLacks() throws {
        let error = #expect(throws: HoldfastError.self) { try Grown.decode(.json(.object(["old": .integer(1)]))) }
        #expect(error?.code == .invalidValue)
        #expect(error?.message.contains("the value.added is missing") == true)
        #expect(error?.message.contains("schemaVersion") == true)
    }
}
