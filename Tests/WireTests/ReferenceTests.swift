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
        arguments: [
            "", ".", "..", "-a", "_a", ".a", "a..b", "a/b", "a\\b", "a b", "a\n", "é", "a\u{301}", "a\0",
            String(repeating: "x", count: 129),
        ])
    func otherRunIDsAreRefused(text: String) {
        let error = #expect(throws: WireError.self) { try RunID.check(text) }
        #expect(error?.kind == .invalidParams)
    }
}
