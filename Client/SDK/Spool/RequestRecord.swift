import NIOCore
import Wire

/// A request that travels among the records: a start or end of a run, and what is asked for one by one.
struct RequestRecord: Spoolable {
    static let kind = SpoolRecord.Kind.request

    let method: String
    /// The parameters as JSON, their arrays as attachments.
    let parameters: ByteBuffer
    let attachments: [ByteBuffer]

    init(_ method: some Method) throws {
        let sink = AttachmentSink()
        parameters = try JSONCoding.encode(method, sink: sink)
        attachments = sink.attachments
        self.method = type(of: method).name
    }

    /// The request as a value of its method's type.
    func decode() throws -> any Method {
        guard let type = Methods.all.first(where: { $0.name == method }) else { throw SpoolDamage.record }
        func decode<M: Method>(_ type: M.Type) throws -> any Method {
            try JSONCoding.decode(type, from: parameters, attachments: attachments)
        }
        return try decode(type)
    }

    var size: Int {
        method.spoolSize + 8 + parameters.readableBytes + attachments.reduce(0) { $0 + 4 + $1.readableBytes }
    }

    func write(to writer: inout ByteWriter) {
        writer.write(method)
        writer.write(UInt32(attachments.count))
        for bytes in [parameters] + attachments {
            writer.write(UInt32(bytes.readableBytes))
            writer.write(bytes)
        }
    }
}

extension RequestRecord {
    init(from bytes: inout ByteBuffer) throws {
        method = try bytes.readText()
        let count = Int(try bytes.readNumber(UInt32.self))
        parameters = try bytes.readBytes(count: Int(try bytes.readNumber(UInt32.self)))
        var attachments: [ByteBuffer] = []
        for _ in 0..<count {
            attachments.append(try bytes.readBytes(count: Int(try bytes.readNumber(UInt32.self))))
        }
        self.attachments = attachments
    }
}

/// An image to label, as one of those that are inserted together.
struct ImageRecord: Spoolable {
    static let kind = SpoolRecord.Kind.image

    private let request: RequestRecord

    init(_ image: ImagesInsert.Image) throws { request = try RequestRecord(ImagesInsert(images: [image])) }

    func image() throws -> ImagesInsert.Image {
        guard let image = (try request.decode() as? ImagesInsert)?.images.first else { throw SpoolDamage.record }
        return image
    }

    var size: Int { request.size }

    func write(to writer: inout ByteWriter) { request.write(to: &writer) }

    init(from bytes: inout ByteBuffer) throws { request = try RequestRecord(from: &bytes) }
}
