import PNG
import Testing
import Wire

/// How numbers become gray levels.
struct ThumbnailSampleTests {
    @Test func uint8StaysAsItIs() throws {
        #expect(try render([UInt8(7), 9, 11, 13], [2, 2]).pixels == [7, 9, 11, 13])
    }

    @Test func boolIsBlackAndWhite() throws {
        #expect(try render([UInt8(0), 1, 1, 0], [2, 2], dtype: .bool).pixels == [0, 255, 255, 0])
    }

    @Test func integersAreStretched() throws {
        let expected: [UInt8] = [0, 128, 255]
        #expect(try render([Int8(-128), 0, 127], [1, 3], dtype: .int8).pixels == expected)
        #expect(try render([UInt16(1_000), 2_000, 3_000], [1, 3], dtype: .uint16).pixels == expected)
        #expect(try render([Int16(-300), 0, 300], [1, 3], dtype: .int16).pixels == expected)
        #expect(try render([UInt32(0), 1 << 31, .max], [1, 3], dtype: .uint32).pixels == expected)
        #expect(try render([Int32.min, 0, .max], [1, 3], dtype: .int32).pixels == expected)
        #expect(try render([UInt64(0), 1 << 63, .max], [1, 3], dtype: .uint64).pixels == expected)
        #expect(try render([Int64.min, 0, .max], [1, 3], dtype: .int64).pixels == expected)
    }

    @Test func floatsAreStretched() throws {
        #expect(try render([Float(-1), 0, 1, 0.2], [1, 4], dtype: .float32).pixels == [0, 128, 255, 153])
        #expect(try render([2.0, 2.5, 3.0, 2.25], [1, 4], dtype: .float64).pixels == [0, 128, 255, 64])
    }

    @Test func theWholeRangeOfDoublesIsStretched() throws {
        let values = [-Double.greatestFiniteMagnitude, 0, .greatestFiniteMagnitude]
        #expect(try render(values, [1, 3], dtype: .float64).pixels == [0, 128, 255])
    }

    @Test func nonFiniteFloatsDoNotCountForTheRange() throws {
        let values: [Float] = [.nan, -.infinity, .infinity, 10, 20, 15]
        #expect(try render(values, [1, 6], dtype: .float32).pixels == [0, 0, 255, 0, 255, 128])
        let none: [Double] = [.nan, -.infinity, .infinity]
        #expect(try render(none, [1, 3], dtype: .float64).pixels == [0, 0, 255])
    }

    @Test func equalNumbersAreBlack() throws {
        #expect(try render([Float(3), 3], [1, 2], dtype: .float32).pixels == [0, 0])
    }

    @Test func theRangeIsThatOfTheChannelsShown() throws {
        let stack: [Float] = [-1_000, 1_000, 0, 1, -1_000, 1_000, 0, 2]
        #expect(try render(stack, [1, 2, 4], dtype: .float32).pixels == [0, 255])
        let color: [Float] = [0, 1, 4, 2, 3, 4]
        #expect(try render(color, [1, 2, 3], dtype: .float32).pixels == [0, 64, 255, 128, 191, 255])
    }
}
