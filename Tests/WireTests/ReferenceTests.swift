import Foundation
import Testing

@testable import Wire

@Suite struct ReferenceTests {
    @Test(
        arguments: [
            ("h5://run/frames/0", "run", "frames", 0), ("h5://a/_/7", "a", "_", 7),
            ("h5://R.1_b-2/observations.left/10", "R.1_b-2", "observations.left", 10),
            ("h5://0/frames/9223372036854775807", "0", "frames", Int.max),
            ("h5://a.b/A9_./42", "a.b", "A9_.", 42),
        ])
    func referencesAreParsedAndPrinted(text: String, runID: String, dataset: String, index: Int) throws {
        let reference = try FrameRef(text)
        #expect(reference == FrameRef(runID: runID, dataset: dataset, index: index))
        #expect(reference.description == text)
    }

    @Test(
        arguments: [
            "", "h5://", "h5:///", "h5://run/frames", "h5://run/frames/", "h5://run//0", "h5:///frames/0",
            "h5://run/frames/0/", "h5://run/frames/0/1", "h5://run/frames/00", "h5://run/frames/01",
            "h5://run/frames/-1",
            "h5://run/frames/+1", "h5://run/frames/1.0", "h5://run/frames/1e3", "h5://run/frames/ 1",
            "h5://run/frames/1 ",
            "h5://run/frames/1\n", " h5://run/frames/1", "H5://run/frames/1", "h5:/run/frames/1", "http://run/frames/1",
            "h5://run/frames/9223372036854775808", "h5://run/frames/99999999999999999999", "h5://run/frames/٣",
            "h5://run/frames/１", "h5://run/9frames/1", "h5://run/fra-mes/1", "h5://run/främe/1", "h5://run/.f/1",
            "h5://../frames/1", "h5://a..b/frames/1", "h5://.a/frames/1", "h5://-a/frames/1", "h5://_a/frames/1",
            "h5://a b/frames/1", "h5://ä/frames/1", "h5://a%2Fb/frames/1", "h5://run/frames/1?x", "h5://run/frames/1#x",
            "h5://run/frames/0x1", "h5://run\0/frames/1",
        ])
    func whatIsNoReferenceIsRefused(text: String) {
        let error = #expect(throws: WireError.self) { try FrameRef(text) }
        #expect(error?.kind == .invalidReference)
    }

    /// Compares with the grammar as a regular expression, on texts that are nearly references.
    @Test func whatIsAReferenceIsDecidedByTheGrammar() throws {
        let grammar = /h5:\/\/([A-Za-z0-9][A-Za-z0-9._\-]{0,127})\/[A-Za-z_][A-Za-z0-9_.]{0,63}\/(0|[1-9][0-9]{0,18})/
        let pieces = [
            "h5://", "/", ".", "..", "-", "_", "0", "9", "7a", "frames", "run", " ", "\n", "%2F", "é", "\u{301}", "\0",
        ]
        let indices = [
            "0", "00", "17", "9223372036854775807", "9223372036854775808", "99999999999999999999", "-1", "٣",
        ]
        let isLong = ProcessInfo.processInfo.environment["HOLDFAST_LONG"] == "1"
        var accepted = 0
        var random = SystemRandomNumberGenerator()
        for _ in 0..<(isLong ? 2_000_000 : 20_000) {
            var text =
                "h5://run-\(Int.random(in: 0...99, using: &random)).a/frames/\(indices.randomElement(using: &random) ?? "")"
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let start = text.index(text.startIndex, offsetBy: Int.random(in: 0...text.count, using: &random))
                let left = text.distance(from: start, to: text.endIndex)
                let end = text.index(start, offsetBy: Int.random(in: 0...min(3, left), using: &random))
                text.replaceSubrange(start..<end, with: pieces.randomElement(using: &random) ?? "")
            }
            let match = try grammar.wholeMatch(in: text)
            let isReference = match.map { !$0.1.contains("..") && Int($0.2) != nil } ?? false
            let parsed = try? FrameRef(text)
            #expect((parsed != nil) == isReference, "\(text.debugDescription)")
            if let parsed {
                #expect(parsed.description == text)
                accepted += 1
            }
        }
        #expect(accepted > 1000)
    }

    @Test func lengthsAreBounded() throws {
        let run = String(repeating: "r", count: 128)
        let dataset = String(repeating: "d", count: 64)
        #expect(try FrameRef("h5://\(run)/\(dataset)/1").runID == run)
        #expect(throws: WireError.self) { try FrameRef("h5://\(run)r/\(dataset)/1") }
        #expect(throws: WireError.self) { try FrameRef("h5://\(run)/\(dataset)d/1") }
    }

    @Test(arguments: ["a", "A", "7", "run-1", "a.b.c", "a.", "a_-.", String(repeating: "x", count: 128)])
    func runIDsPass(text: String) throws { try RunID.check(text) }

    @Test(
        arguments: zip(
            [
                "images", "images.2", "images.17", "variables", "images.", "images.x", "images.2x", "images2", "image",
                "variables.2",
            ],
            [true, true, true, true, false, false, false, false, false, false]
        )
    )
    func theServersOwnRunsAreReserved(text: String, isReserved: Bool) { #expect(RunID.isReserved(text) == isReserved) }

    @Test(
        arguments: [
            "", ".", "..", "-a", "_a", ".a", "a..b", "a/b", "a\\b", "a b", "a\n", "é", "a\u{301}", "a\0",
            String(repeating: "x", count: 129),
        ])
    func otherRunIDsAreRefused(text: String) {
        let error = #expect(throws: WireError.self) { try RunID.check(text) }
        #expect(error?.kind == .invalidParams)
    }
}
