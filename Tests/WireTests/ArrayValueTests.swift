import NIOCore
import Testing

@testable import Wire

@Suite struct ArrayValueTests {
    static let sizes: [(DType, Int)] = [
        (.bool, 1), (.uint8, 1), (.int8, 1), (.uint16, 2), (.int16, 2), (.uint32, 4), (.int32, 4), (.uint64, 8),
        (.int64, 8), (.float32, 4), (.float64, 8),
    ]

    @Test(arguments: sizes) func everyDTypeTakesExactlyItsBytes(dtype: DType, size: Int) throws {
        #expect(dtype.itemSize == size)
        let array = try ArrayValue(dtype: dtype, shape: [2, 3], bytes: ByteBuffer(repeating: 1, count: 6 * size))
        #expect(array.count == 6)
        for wrong in [0, 6 * size - 1, 6 * size + 1] {
            #expect(throws: ArrayError.self) {
                try ArrayValue(dtype: dtype, shape: [2, 3], bytes: ByteBuffer(repeating: 1, count: wrong))
            }
        }
        let again: ArrayValue = try decoded(try encoded(array))
        #expect(again == array)
    }

    @Test func allDTypesAreTested() { #expect(Self.sizes.map(\.0) == DType.allCases) }

    @Test func aScalarHasOneElement() throws {
        let scalar = try ArrayValue([2.5], shape: [])
        #expect(scalar.count == 1)
        #expect(scalar.elements(of: Double.self) == [2.5])
    }

    @Test(arguments: [[0], [3, 0], [0, 5, 7], [1 << 40, 0]]) func zeroSizeArraysAreLegal(shape: [Int]) throws {
        let array = try ArrayValue(dtype: .float64, shape: shape, bytes: ByteBuffer())
        #expect(array.count == 0)
        #expect(array.elements(of: Double.self) == [])
        let again: ArrayValue = try decoded(try encoded(array))
        #expect(again == array)
    }

    @Test(
        arguments: [
            [-1], [2, -3], [-1, -6], [Int.max], [Int.max, 2], [1 << 32, 1 << 32], [1 << 62, 4], [0, Int.max, Int.max],
            [Int.min], [1, 1, 1, 1, 1, 1, 1, 1, 1],
        ])
    func badShapesAreRefused(shape: [Int]) {
        #expect(throws: ArrayError.self) { try ArrayValue(dtype: .uint16, shape: shape, bytes: ByteBuffer()) }
    }

    @Test func eightDimensionsAreAllowed() throws {
        let shape = Array(repeating: 1, count: 8)
        #expect(try ArrayValue([7] as [UInt8], shape: shape).shape == shape)
    }

    @Test func boolBytesAreZeroAndOneOnly() throws {
        #expect(throws: ArrayError.self) {
            try ArrayValue(dtype: .bool, shape: [3], bytes: ByteBuffer(bytes: [0, 1, 2]))
        }
        #expect(try ArrayValue([true, false]).booleans() == [true, false])
    }

    @Test func elementsAreLittleEndian() throws {
        #expect(try ArrayValue([0x0102, 0x0304] as [UInt16]).bytes.array == [2, 1, 4, 3])
        #expect(try ArrayValue([-2] as [Int32]).bytes.array == [0xFE, 0xFF, 0xFF, 0xFF])
        #expect(try ArrayValue([1.0] as [Double]).bytes.array == [0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
        #expect(try ArrayValue([1.0] as [Float]).bytes.array == [0, 0, 0x80, 0x3F])
    }

    @Test func numbersAreReadInEveryWidth() throws {
        #expect(try ArrayValue([-1, 5] as [Int8]).integers() == [-1, 5])
        #expect(try ArrayValue([300] as [UInt16]).integers() == [300])
        #expect(try ArrayValue([-300] as [Int16]).doubles() == [-300])
        #expect(try ArrayValue([UInt64.max]).integers() == nil)
        #expect(try ArrayValue([UInt64.max]).doubles() == [Double(UInt64.max)])
        #expect(try ArrayValue([1.5] as [Float]).doubles() == [1.5])
        #expect(try ArrayValue([1.5] as [Float]).integers() == nil)
        #expect(try ArrayValue([1] as [UInt8]).elements(of: Int8.self) == nil)
        #expect(try ArrayValue([1] as [UInt8]).booleans() == nil)
    }

    @Test func unalignedBytesAreRead() throws {
        var bytes = ByteBuffer(bytes: [9] + (try ArrayValue([1.5, -2.5]).bytes.array))
        bytes.moveReaderIndex(forwardBy: 1)
        #expect(try ArrayValue(dtype: .float64, shape: [2], bytes: bytes).doubles() == [1.5, -2.5])
    }
}
