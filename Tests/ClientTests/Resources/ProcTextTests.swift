import Testing

@testable import Holdfast

struct ProcTextTests {
    @Test func wordsAndNumbersStayOnTheirLine() {
        var text = ProcText(Array("  12 ab\n\t7x\nlast".utf8))
        #expect(text.integer() == 12)
        #expect(text.integer() == nil)
        #expect(text.word() == "ab")
        #expect(text.word() == "")
        #expect(text.nextLine() == true)
        #expect(text.integer() == 7)
        #expect(text.nextLine() == true)
        #expect(text.skip("last one") == false)
        #expect(text.skip("last") == true)
        #expect(text.nextLine() == false)
    }

    @Test func aNumberThatIsTooLargeIsNone() {
        var text = ProcText(Array("18446744073709551615 18446744073709551616".utf8))
        #expect(text.integer() == .max)
        #expect(text.integer() == nil)
        #expect(text.word() == "18446744073709551616")
    }

    @Test func aFileLargerThanTheBufferIsReadWhole() throws {
        let system = try FakeSystem()
        try system.write("proc/large", String(repeating: "x\n", count: 50_000) + "end 5")
        var text = ProcText()
        #expect(text.load(system.proc + "/large") == true)
        #expect(text.skip(throughLast: UInt8(ascii: "d")) == true)
        #expect(text.integer() == 5)
    }

    @Test func aFileThatIsNotThereLeavesNothing() throws {
        let system = try FakeSystem()
        try system.write("proc/file", "1")
        var text = ProcText()
        #expect(text.load(system.proc + "/file") == true)
        #expect(text.load(system.proc + "/none") == false)
        #expect(text.load(system.proc) == false)
        #expect(text.integer() == nil)
    }
}
