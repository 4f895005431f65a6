import Holdfast
import NIOCore
import Testing

@testable import Server

struct HeldRowsTests {
    @Test func aStepWithoutARowRepeatsTheLast() throws {
        var held = try HeldRows(.init(dtype: .uint8, shape: [2]))
        let rows = StepRows(array: try ArrayValue([UInt8](1...4), shape: [2, 2]), steps: [1, 3])
        #expect(Array(buffer: held.fill(rows, count: 5)) == [0, 0, 1, 2, 1, 2, 3, 4, 3, 4])
        #expect(Array(buffer: held.fill(nil, count: 2)) == [3, 4, 3, 4])
        let all = StepRows(all: try ArrayValue([UInt8](5...8), shape: [2, 2]))
        #expect(Array(buffer: held.fill(all, count: 2)) == [5, 6, 7, 8])
        #expect(Array(buffer: held.last) == [7, 8])
        #expect(held.fill(nil, count: 0).readableBytes == 0)
    }
}
