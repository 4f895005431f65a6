import PNG
import Testing
import Wire

/// Which shapes are pictures, and which part of the array they show.
struct ThumbnailShapeTests {
    @Test(arguments: [
        ([5, 7], 7, 5, 1), ([5, 7, 1], 7, 5, 1), ([5, 7, 3], 7, 5, 3), ([1, 4], 4, 1, 1), ([1, 1, 1], 1, 1, 1),
        ([1, 5, 7], 7, 5, 1), ([3, 5, 7], 7, 5, 3), ([3, 5, 3], 5, 3, 3),
        ([21, 30, 10], 30, 21, 1), ([10, 21, 30], 30, 21, 1), ([84, 84, 32], 84, 84, 1), ([5, 40, 11], 11, 40, 1),
    ])
    func theseArePictures(shape: [Int], width: Int, height: Int, channels: Int) throws {
        let bitmap = try render([UInt8](repeating: 1, count: shape.reduce(1, *)), shape)
        #expect([bitmap.width, bitmap.height, bitmap.channels] == [width, height, channels])
    }

    @Test(arguments: [
        [], [4], [0, 5], [5, 0, 3], [2, 5, 5, 3], [5, 5, 5], [20, 20, 10], [10, 20, 20], [84, 84, 33], [100, 100, 40],
    ])
    func theseAreNot(shape: [Int]) {
        let count = shape.reduce(1, *)
        expectNotAnImage(mentioning: "\(shape)") { try render([UInt8](repeating: 1, count: count), shape) }
    }

    @Test func bytesMustFitTheShape() {
        expectNotAnImage(mentioning: "[2, 2]") { try render([1, 2, 3], [2, 2]) }
        expectNotAnImage(mentioning: "[2, 2]") { try render([UInt8(1), 2, 3, 4], [2, 2], dtype: .uint16) }
        expectNotAnImage(mentioning: "[-1, -4]") { try render([1, 2, 3, 4], [-1, -4]) }
        expectNotAnImage(mentioning: "\(Int.max)") { try render([], [Int.max, Int.max, 3]) }
    }

    @Test func channelsInFrontAreInterleaved() throws {
        let planes: [UInt8] = Array(0..<10) + Array(100..<110) + Array(200..<210)
        let bitmap = try render(planes, [3, 2, 5])
        #expect(Array(bitmap.pixels[..<6]) == [0, 100, 200, 1, 101, 201])
        #expect(Array(bitmap.pixels[15..<18]) == [5, 105, 205])
    }

    @Test func fourPlanesOfWhichTheLastIsOpaqueAreRGBA() throws {
        let pixels: [UInt8] = [1, 2, 3, 255, 4, 5, 6, 250]
        let bitmap = try render(pixels, [1, 2, 4])
        #expect(bitmap.channels == 4)
        #expect(bitmap.pixels == pixels)
    }

    @Test func fourPlanesOfWhichTheLastIsNotOpaqueAreAStack() throws {
        let bitmap = try render([1, 2, 3, 255, 4, 5, 6, 249], [1, 2, 4])
        #expect(bitmap.channels == 1)
        #expect(bitmap.pixels == [255, 249])
    }

    @Test func twoPlanesFollowTheSameRule() throws {
        #expect(try render([1, 255, 2, 254], [1, 2, 2]).pixels == [1, 255, 2, 254])
        #expect(try render([1, 100, 2, 255], [1, 2, 2]).pixels == [100, 255])
    }

    @Test func fourPlanesInFrontFollowTheSameRule() throws {
        let opaque: [UInt8] = Array(1...15) + [UInt8](repeating: 255, count: 5)
        let rgba = try render(opaque, [4, 1, 5])
        #expect(rgba.channels == 4)
        #expect(Array(rgba.pixels[..<8]) == [1, 6, 11, 255, 2, 7, 12, 255])
        let stack = try render(Array(1...20), [4, 1, 5])
        #expect(stack.pixels == Array(16...20))
    }

    @Test func fourPlanesOfAnotherTypeAreAStack() throws {
        let bitmap = try render([UInt8(0), 0, 0, 1, 0, 0, 0, 1], [1, 2, 4], dtype: .bool)
        #expect(bitmap.pixels == [255, 255])
    }

    @Test func aDeepStackShowsItsLastChannel() throws {
        let last = try render((0..<(11 * 12 * 5)).map { UInt8($0 % 5) }, [11, 12, 5])
        #expect(last.pixels == [UInt8](repeating: 4, count: 132))
        let front = try render((0..<(5 * 11 * 12)).map { UInt8($0 / 132) }, [5, 11, 12])
        #expect(front.pixels == [UInt8](repeating: 4, count: 132))
    }

    private func expectNotAnImage(mentioning text: String, _ body: () throws -> Bitmap) {
        #expect(
            performing: { try body() },
            throws: { error in
                if case PNGError.notAnImage(let message) = error { message.contains(text) } else { false }
            }
        )
    }
}
