import Testing

@testable import Server

struct BitmapFontTests {
    @Test func everyCharacterHasSevenRowsOfFivePixels() {
        for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ .,:-+/[]_" {
            let rows = BitmapFont.rows(of: character)
            #expect(rows.count == BitmapFont.height, "\(character)")
            #expect(rows.allSatisfy { $0 < 1 << BitmapFont.width }, "\(character)")
            #expect(character == " " || rows.contains { $0 != 0 }, "\(character)")
        }
    }

    @Test func noTwoCharactersLookTheSame() {
        let characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ .,:-+/[]_"
        #expect(Set(characters.map { BitmapFont.rows(of: $0) }).count == characters.count)
    }

    @Test func smallLettersAreCapitalsAndOthersAFrame() {
        #expect(BitmapFont.rows(of: "r") == BitmapFont.rows(of: "R"))
        #expect(BitmapFont.rows(of: "ß") == BitmapFont.rows(of: "S"))
        #expect(BitmapFont.rows(of: "\u{1F600}") == [31, 17, 17, 17, 17, 17, 31])
    }

    @Test func aTextIsDrawnWhereItBelongs() {
        var canvas = Canvas(width: 14, height: 16)
        canvas.draw("1", x: 2, y: 1, scale: 2, color: [1, 2, 3])
        let rows = (0..<16).map { row in
            (0..<14).map { canvas.pixels[(row * 14 + $0) * 3 + 2] == 3 ? "#" : "." }.joined()
        }
        #expect(rows[0] == "..............")
        #expect(rows[1] == "......##......" && rows[2] == rows[1])
        #expect(rows[3] == "....####......" && rows[4] == rows[3])
        #expect(rows[13] == "....######....")
        #expect(rows[15] == "..............")
    }

    @Test func whatDoesNotFitIsLeftOut() {
        var canvas = Canvas(width: 8, height: 8)
        canvas.draw("WWWWW", x: 3, y: 4, scale: 1, color: [9, 9, 9])
        #expect(canvas.pixels.count == 8 * 8 * 3 && canvas.pixels.contains(9))
    }
}
