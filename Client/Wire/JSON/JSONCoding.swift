public import NIOCore

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The one way in which JSON is read and written: sorted keys, and "NaN", "Infinity", "-Infinity" as strings.
public enum JSONCoding {
    /// Decodes a value whose arrays may refer to the given attachments.
    ///
    /// - Parameter root: What a refusal calls the value; nil: what is amiss is named by its place in it alone.
    public static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self,
        from bytes: ByteBuffer,
        attachments: [ByteBuffer] = [],
        root: String? = "params"
    ) throws(WireError) -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "Infinity",
            negativeInfinity: "-Infinity",
            nan: "NaN"
        )
        decoder.userInfo[ArrayCoding.sourceKey] = attachments
        do {
            return try decoder.decode(type, from: Data(bytes.readableBytesView))
        } catch {
            throw .undecodable(error, in: bytes, root: root)
        }
    }

    /// Encodes a value; arrays go to the sink, or in as base64 without one.
    public static func encode(_ value: some Encodable, sink: AttachmentSink? = nil) throws -> ByteBuffer {
        if let value = value as? any JSONWritable {
            var json = JSONWriter(sink: sink)
            try value.write(to: &json)
            return ByteBuffer(string: json.text)
        }
        return try encodeGenerally(value, sink: sink)
    }

    /// The same for values of any type.
    static func encodeGenerally(_ value: some Encodable, sink: AttachmentSink? = nil) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "Infinity",
            negativeInfinity: "-Infinity",
            nan: "NaN"
        )
        if let sink { encoder.userInfo[ArrayCoding.sinkKey] = sink }
        return ByteBuffer(bytes: try encoder.encode(value))
    }
}
