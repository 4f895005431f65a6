import Foundation
import NIOCore
import Testing

@testable import Wire

/// The hashes that all clients and the server share: `Tests/Vectors/lineage.json`.
struct CanonicalTests {
    private struct Vectors: Decodable {
        struct Content: Decodable {
            let value: VariableValue
            let hash: String

            private enum CodingKeys: CodingKey {
                case value
                case hash
            }

            init(from decoder: any Decoder) throws {
                let container = try decoder.container(keyedBy: CodingKeys.self)
                hash = try container.decode(String.self, forKey: .hash)
                let repeated = try? container.decode(Repeated.self, forKey: .value)
                value = try repeated?.array ?? container.decode(VariableValue.self, forKey: .value)
            }
        }

        /// A large array: its bytes are some bytes again and again.
        struct Repeated: Decodable {
            let dtype: DType
            let shape: [Int]
            let base64: String
            let times: Int

            var array: VariableValue {
                get throws {
                    let unit = try #require(Data(base64Encoded: base64))
                    let bytes = ByteBuffer(bytes: Array(repeatElement(unit, count: times).joined()))
                    return .array(try ArrayValue(dtype: dtype, shape: shape, bytes: bytes))
                }
            }
        }

        struct Record: Decodable {
            let variable: String
            let schema_version: Int
            let metadata: [String: JSONValue]
            let content_hash: String
            let record_id: String
        }

        let contents: [Content]
        let records: [Record]
    }

    private func vectors() throws -> Vectors {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Vectors/lineage.json")
        return try JSONCoding.decode(from: ByteBuffer(bytes: try Data(contentsOf: file)))
    }

    @Test func contentsHaveTheHashesThatOtherClientsGiveThem() throws {
        let contents = try vectors().contents
        #expect(contents.count >= 200)
        for content in contents {
            #expect(try Digest(content: content.value).hex == content.hash, "\(content.value)")
        }
    }

    @Test func recordsHaveTheIDsThatOtherClientsGiveThem() throws {
        for record in try vectors().records {
            let id = Digest.recordID(
                variable: record.variable,
                schemaVersion: record.schema_version,
                content: try #require(Digest(hex: record.content_hash)),
                metadata: record.metadata
            )
            #expect(id == record.record_id, "\(record)")
        }
    }

    @Test(arguments: ["", "00", String(repeating: "g", count: 64), String(repeating: "0", count: 65)])
    func aDigestHas64HexadecimalDigits(text: String) {
        #expect(Digest(hex: text) == nil)
    }
}
