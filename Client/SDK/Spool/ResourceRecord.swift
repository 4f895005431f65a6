import NIOCore

/// One reading of one system resource.
struct ResourceRecord: Spoolable {
    static let kind = SpoolRecord.Kind.resource

    let runID: String
    let type: String
    let name: String
    let value: Double
    let unit: String
    let hostname: String
    let processID: Int64
    /// UNIX seconds
    let timestamp: Double

    var size: Int {
        24 + runID.spoolSize + type.spoolSize + name.spoolSize + unit.spoolSize + hostname.spoolSize
    }

    func write(to writer: inout ByteWriter) {
        writer.write(timestamp)
        writer.write(value)
        writer.write(processID)
        for text in [runID, type, name, unit, hostname] { writer.write(text) }
    }
}

extension ResourceRecord {
    init(from bytes: inout ByteBuffer) throws {
        timestamp = try bytes.readDouble()
        value = try bytes.readDouble()
        processID = try bytes.readNumber()
        runID = try bytes.readText()
        type = try bytes.readText()
        name = try bytes.readText()
        unit = try bytes.readText()
        hostname = try bytes.readText()
    }
}
