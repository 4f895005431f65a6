import NIOCore
import Testing
import Wire

struct JSONSuspectsTests {
    private struct Parameters: Decodable {
        var seq: Int64?
        var shape: [Int]?
        var name: String?
        var rate: Double?
    }

    @Test(arguments: [
        (#"{"seq":1.5}"#, "params.seq = 1.5"),
        (#"{"rate":1, "seq": 9223372036854775808 }"#, "params.seq = 9223372036854775808"),
        (#"{"shape":[1,2.5]}"#, "params.shape[1] = 2.5"), (#"{"rate":1e400}"#, "params.rate = 1e400"),
        (#"{"name":"a\ud800"}"#, "params.name = half of a surrogate pair"),
        (#"{"name":"\udc00"}"#, "params.name = half of a surrogate pair"),
        (#"{"name":"\ud83d\u0041"}"#, "params.name = half of a surrogate pair"),
        (#"{"a\ud800":1}"#, #"params.a\ud800 = a name with half of a surrogate pair"#),
    ])
    func whatFitsNoFieldIsNamed(text: String, place: String) {
        let error = #expect(throws: WireError.self) {
            try JSONCoding.decode(Parameters.self, from: ByteBuffer(string: text))
        }
        #expect(error?.kind == .invalidParams)
        #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: ["", "[", "[!", "[}", "{]", "{\"a\":[1 2]}"])
    func whatIsNoJSONIsRefusedAsSuch(text: String) {
        let error = #expect(throws: WireError.self) {
            try JSONCoding.decode(Parameters.self, from: ByteBuffer(string: text))
        }
        #expect(error?.message.contains("not valid JSON") == true, "\(error?.message ?? "")")
    }

    @Test func depthTakesNoStack() {
        let text = String(repeating: "[", count: 1_000_000)
        let error = #expect(throws: WireError.self) {
            try JSONCoding.decode(Parameters.self, from: ByteBuffer(string: text))
        }
        #expect(error?.message.contains("nested") == true, "\(error?.message ?? "")")
    }

    @Test func wholePairsAndEscapesAreFine() throws {
        let text = #"{"name":"\ud83e\uddea \\u12 \" \n"}"#
        #expect(try JSONCoding.decode(Parameters.self, from: ByteBuffer(string: text)).name == "🧪 \\u12 \" \n")
    }
}
