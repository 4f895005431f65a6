import Testing

@testable import Server

struct TextTableTests {
    @Test func columnsAreAligned() {
        var table = TextTable([.text("name"), .number("count")])
        table.add(["a", "1"])
        table.add(["longer", "1000"])
        #expect(
            table.lines == [
                "  name    count", "  ──────  ─────", "  a           1", "  longer   1000",
            ]
        )
    }

    @Test func columnsInWhichNothingStandsAreLeftOut() {
        var table = TextTable([.number("round"), .text("phase"), .number("mean")])
        table.add(["–", "train", "0.5"])
        #expect(table.lines == ["  phase  mean", "  ─────  ────", "  train   0.5"])
    }

    @Test(arguments: [0, 1, 5, 6, 7, 12, 13, 1000])
    func thinnedRowsAreBoundedAndKeepTheirEnds(count: Int) {
        var rows = Thinned<Int>(limit: 6)
        for number in 0..<count { rows.append(number) }
        #expect(rows.elements.count <= 7)
        #expect(rows.elements.first == (count == 0 ? nil : 0))
        #expect(rows.elements.last == (count == 0 ? nil : count - 1))
        #expect(rows.elements == rows.elements.sorted())
        #expect((rows.note("rows") == nil) == (rows.elements.count == count))
        if count <= 6 { #expect(rows.elements.count == count) }
    }
}
