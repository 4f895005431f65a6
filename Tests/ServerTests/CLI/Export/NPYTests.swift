import Holdfast
import Testing

@testable import Server

struct NPYTests {
    @Test func theHeaderIsSpelled() {
        let header = NPY.header("<f4", shape: [3, 4])
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }"
        #expect(Array(header[..<10]) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0])
        #expect(String(decoding: header[10...], as: UTF8.self) == text + String(repeating: " ", count: 58) + "\n")
        #expect(header.count == 128)
    }

    @Test(arguments: [([], "()"), ([7], "(7,)"), ([0, 2], "(0, 2)")])
    func theShapeIsATuple(shape: [Int], text: String) {
        let header = String(decoding: NPY.header("|u1", shape: shape)[10...], as: UTF8.self)
        #expect(header.contains("'shape': \(text), }"))
    }

    @Test func theDataBeginAtAMultipleOf64() {
        for sides in 0..<8 {
            let header = NPY.header("<i8", shape: [Int](repeating: 123_456, count: sides))
            #expect(header.count.isMultiple(of: 64) && header.last == 0x0A)
        }
    }

    @Test func allTypesHaveNames() {
        let names = DType.allCases.map(NPY.type)
        #expect(names == ["|b1", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f4", "<f8"])
    }
}
