import NIOCore
import Testing

@testable import Wire

@Suite struct ArrayCodingTests {
    @Test func anArrayRefersToItsAttachment() throws {
        let json = #"{"dtype":"uint16","shape":[2],"attachment":1}"#
        let array: ArrayValue = try decoded(json, attachments: [[9], [1, 0, 2, 0]])
        #expect(array.elements(of: UInt16.self) == [1, 2])
    }

    @Test func withoutAttachmentsItIsBase64() throws {
        let array = try ArrayValue([1, 2, 3] as [UInt8])
        #expect(try encoded(array) == #"{"base64":"AQID","dtype":"uint8","shape":[3]}"#)
        #expect(try decoded(#"{"base64":"AQID","dtype":"uint8","shape":[3]}"#) == array)
    }

    @Test func theSinkGathersAttachmentsInOrder() throws {
        let sink = AttachmentSink()
        let arrays = [try ArrayValue([1] as [UInt8]), try ArrayValue([2, 3] as [UInt8])]
        let json = String(buffer: try JSONCoding.encode(arrays, sink: sink))
        #expect(
            json == #"[{"attachment":0,"dtype":"uint8","shape":[1]},{"attachment":1,"dtype":"uint8","shape":[2]}]"#
        )
        #expect(sink.attachments.map(\.array) == [[1], [2, 3]])
    }

    @Test(
        arguments: [
            #"{"dtype":"uint8","shape":[1]}"#,
            #"{"dtype":"uint8","shape":[1],"attachment":0,"base64":"AQ=="}"#,
            #"{"dtype":"uint8","shape":[1],"attachment":1}"#,
            #"{"dtype":"uint8","shape":[1],"attachment":-1}"#,
            #"{"dtype":"uint8","shape":[1],"attachment":0.5}"#,
            #"{"dtype":"uint8","shape":[2],"attachment":0}"#,
            #"{"dtype":"uint8","shape":[1],"base64":"A"}"#,
            #"{"dtype":"uint8","shape":[1],"base64":"!!!!"}"#,
            #"{"dtype":"float16","shape":[1],"attachment":0}"#,
            #"{"dtype":"UINT8","shape":[1],"attachment":0}"#,
            #"{"dtype":"uint8","shape":["1"],"attachment":0}"#,
            #"{"dtype":"uint8","shape":[1.5],"attachment":0}"#,
            #"{"dtype":"uint8","shape":1,"attachment":0}"#,
            #"{"dtype":"uint8","shape":[9223372036854775807,9223372036854775807],"attachment":0}"#,
            #"{"dtype":"bool","shape":[1],"attachment":0}"#,
            #"{"shape":[1],"attachment":0}"#,
            #"{"dtype":"uint8","shape":[1],"attachment":0,"encoding":"zlib"}"#,
            #"{"dtype":"uint8","shape":[1],"attachment":0,"encoding":"gzip","row_bytes":[1]}"#,
            "[]", "1", "null", "\"uint8\"",
        ])
    func whatIsNoArrayIsRefused(json: String) {
        let error = #expect(throws: WireError.self) {
            let _: ArrayValue = try decoded(json, attachments: [[7]])
        }
        #expect(error?.kind == .invalidParams)
        #expect(error?.isFinal == true)
    }

    @Test func compressedRowsKeepTheirSizes() throws {
        let json = #"{"attachment":0,"dtype":"uint8","encoding":"lzf","row_bytes":[2,4,0],"shape":[3,4]}"#
        let array: ArrayValue = try decoded(json, attachments: [[1, 2, 3, 4, 5, 6]])
        #expect(array.rows == CompressedRows(encoding: .lzf, sizes: [2, 4, 0]))
        #expect(array.elements(of: UInt8.self) == nil, "compressed bytes are not elements")
        let sink = AttachmentSink()
        #expect(String(buffer: try JSONCoding.encode(array, sink: sink)) == json)
    }

    @Test(arguments: [[2, 4], [2, 4, 0, 0], [5, 1, 0], [-1, 4, 3], [2, 2, 1], [4, 4, 4], [Int.max, Int.max, 8]])
    func rowSizesMustAddUpAndBeAtMostRaw(sizes: [Int]) {
        #expect(throws: ArrayError.self) {
            try ArrayValue(
                dtype: .uint8,
                shape: [3, 4],
                bytes: ByteBuffer(repeating: 0, count: 6),
                rows: .init(encoding: .zlib, sizes: sizes)
            )
        }
    }

    @Test func aScalarHasNoRows() {
        #expect(throws: ArrayError.self) {
            try ArrayValue(
                dtype: .uint8,
                shape: [],
                bytes: ByteBuffer(repeating: 0, count: 1),
                rows: .init(encoding: .zlib, sizes: [1])
            )
        }
    }
}
