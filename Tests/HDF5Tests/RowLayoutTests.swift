import HDF5
import Testing
import Wire

struct RowLayoutTests {
    @Test func sizesAreCounted() throws {
        #expect(try RowLayout(dtype: .uint8, shape: [210, 160, 3]).rowBytes == 100_800)
        #expect(try RowLayout(dtype: .float64, shape: []).rowBytes == 8)
        #expect(try RowLayout(dtype: .int16, shape: [4, 0, 5]).rowBytes == 0)
    }

    @Test(arguments: [
        [-1], [1 << 31], [1 << 20, 1 << 20], [Int.max], [Int.max, 2], [Int.max, 0], [3, Int.min],
        [1 << 32, 1 << 32, 1 << 32], Array(repeating: 1, count: 40),
    ])
    func impossibleShapesAreRefused(shape: [Int]) {
        #expect(throws: HDF5Error.self) { try RowLayout(dtype: .float32, shape: shape) }
    }
}
