import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension ArrayValue: Codable {
    private enum CodingKeys: String, CodingKey {
        case dtype
        case shape
        case attachment
        case base64
        case encoding
        case rowBytes = "row_bytes"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let dtype = try container.decode(DType.self, forKey: .dtype)
        let shape = try container.decode([Int].self, forKey: .shape)
        let bytes = try Self.bytes(of: container, decoder: decoder)
        do {
            guard let encoding = try container.decodeIfPresent(CompressedRows.Encoding.self, forKey: .encoding) else {
                try self.init(dtype: dtype, shape: shape, bytes: bytes)
                return
            }
            let sizes = try container.decode([Int].self, forKey: .rowBytes)
            try self.init(dtype: dtype, shape: shape, bytes: bytes, rows: .init(encoding: encoding, sizes: sizes))
        } catch let error as ArrayError {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description)
            )
        }
    }

    private static func bytes(
        of container: KeyedDecodingContainer<CodingKeys>,
        decoder: any Decoder
    ) throws -> ByteBuffer {
        let index = try container.decodeIfPresent(Int.self, forKey: .attachment)
        let base64 = try container.decodeIfPresent(String.self, forKey: .base64)
        switch (index, base64) {
        case (let index?, nil):
            let attachments = (decoder.userInfo[ArrayCoding.sourceKey] as? [ByteBuffer]) ?? []
            guard attachments.indices.contains(index) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .attachment,
                    in: container,
                    debugDescription: "attachment \(index) of a frame with \(attachments.count) attachments"
                )
            }
            return attachments[index]
        case (nil, let text?):
            guard let data = Data(base64Encoded: text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .base64,
                    in: container,
                    debugDescription: "not valid base64"
                )
            }
            return ByteBuffer(bytes: data)
        default:
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "an array has either \"attachment\" or \"base64\""
                )
            )
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(dtype.rawValue, forKey: .dtype)
        try container.encode(shape, forKey: .shape)
        if let rows {
            try container.encode(rows.encoding, forKey: .encoding)
            try container.encode(rows.sizes, forKey: .rowBytes)
        }
        if let sink = encoder.userInfo[ArrayCoding.sinkKey] as? AttachmentSink {
            try container.encode(sink.add(bytes), forKey: .attachment)
        } else {
            try container.encode(Data(bytes.readableBytesView).base64EncodedString(), forKey: .base64)
        }
    }
}
