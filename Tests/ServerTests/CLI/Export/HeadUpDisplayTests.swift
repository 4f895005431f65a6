import Holdfast
import NIOCore
import PNG
import Testing

@testable import Server

struct HeadUpDisplayTests {
    private let moment = HeadUpDisplay.Moment(
        step: 12,
        action: "3",
        reward: -0.5,
        total: 1234.5678,
        terminated: true,
        truncated: false
    )

    @Test func aNarrowPictureHasALineForEachThing() {
        let display = HeadUpDisplay(pictureWidth: 160)
        #expect(display.scale == 1 && display.width == 160 && display.height == 54)
        let expected = [["step 12"], ["action 3"], ["reward -0.5"], ["return 1234.57"], ["terminated"]]
        #expect(display.lines(moment) == expected)
    }

    @Test func aWidePictureHasTwoThingsInALine() {
        let display = HeadUpDisplay(pictureWidth: 290)
        #expect(display.scale == 1 && display.height == 34)
        let expected = [["step 12", "reward -0.5"], ["terminated", "return 1234.57"], ["action 3"]]
        #expect(display.lines(moment) == expected)
    }

    @Test(arguments: [(84, 1, 116), (320, 2, 320), (480, 3, 480), (4, 1, 116)])
    func theTextGrowsWithThePicture(picture: Int, scale: Int, width: Int) {
        let display = HeadUpDisplay(pictureWidth: picture)
        #expect(display.scale == scale && display.width == width)
        #expect(display.characters >= HeadUpDisplay.fewestCharacters)
    }

    @Test func longActionsAreCut() {
        let long = HeadUpDisplay.Moment(
            step: 0,
            action: "[0.123 0.456 0.789]",
            reward: 0,
            total: 0,
            terminated: false,
            truncated: true
        )
        let lines = HeadUpDisplay(pictureWidth: 84).lines(long)
        #expect(lines[1] == ["action [0.123 0..."])
        #expect(lines[4] == ["truncated"])
    }

    @Test func actionsAreNumbersOrLists() throws {
        #expect(HeadUpDisplay.text(try ArrayValue([Int64(7)], shape: [])) == "7")
        #expect(HeadUpDisplay.text(try ArrayValue([Float(0.25)], shape: [1])) == "0.25")
        #expect(HeadUpDisplay.text(try ArrayValue([1.5, -2.0])) == "[1.5 -2]")
        #expect(HeadUpDisplay.text(try ArrayValue([Double]())) == "[]")
        #expect(HeadUpDisplay.number(.infinity) == "inf" && HeadUpDisplay.number(-.infinity) == "-inf")
    }

    @Test func nothingIsDrawnOnThePicture() throws {
        let display = HeadUpDisplay(pictureWidth: 8)
        let pixels = (0..<64).map { UInt8($0) }
        var canvas = Canvas(width: display.width, height: 8 + display.height)
        canvas.draw(try Bitmap(width: 8, height: 8, channels: 1, pixels: pixels), scale: 1)
        display.draw(moment, on: &canvas, below: 8)
        for row in 0..<8 {
            let start = row * canvas.width * 3
            let shown = Array(canvas.pixels[start..<(start + 24)])
            #expect(shown == (0..<8).flatMap { [UInt8](repeating: UInt8(row * 8 + $0), count: 3) })
            #expect(canvas.pixels[(start + 24)..<(start + canvas.width * 3)].allSatisfy { $0 == 0 })
        }
        #expect(canvas.pixels[(8 * canvas.width * 3)...].contains(255))
    }

    @Test func aTextReplacesTheOneBefore() {
        let display = HeadUpDisplay(pictureWidth: 160)
        var (first, second) = (Canvas(width: 160, height: 54), Canvas(width: 160, height: 54))
        var other = moment
        other.step = 88_888
        other.truncated = true
        display.draw(other, on: &first, below: 0)
        #expect(first.pixels != second.pixels)
        display.draw(moment, on: &first, below: 0)
        display.draw(moment, on: &second, below: 0)
        #expect(first.pixels == second.pixels)
    }
}
