import NIOCore

/// One finished piece of data generation.
struct GenerationRecord: Spoolable {
    static let kind = SpoolRecord.Kind.generation

    let runID: String
    let operation: String
    var round: Int64?
    var chunk: Int64?
    /// Seconds
    let duration: Double
    var samples: Int64?
    /// In units of 2^20 bytes
    var memory: Double?
    let processID: Int64
    /// UNIX seconds, of its end
    let timestamp: Double

    var size: Int {
        let present = [round != nil, chunk != nil, samples != nil, memory != nil].count { $0 }
        return 25 + 8 * present + runID.spoolSize + operation.spoolSize
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Presence(round != nil, chunk != nil, samples != nil, memory != nil).bits)
        writer.write(timestamp)
        writer.write(duration)
        writer.write(processID)
        if let round { writer.write(round) }
        if let chunk { writer.write(chunk) }
        if let samples { writer.write(samples) }
        if let memory { writer.write(memory) }
        writer.write(runID)
        writer.write(operation)
    }
}

extension GenerationRecord {
    init(from bytes: inout ByteBuffer) throws {
        var has = Presence()
        has.bits = try bytes.readNumber()
        timestamp = try bytes.readDouble()
        duration = try bytes.readDouble()
        processID = try bytes.readNumber()
        round = has[0] ? try bytes.readNumber() : nil
        chunk = has[1] ? try bytes.readNumber() : nil
        samples = has[2] ? try bytes.readNumber() : nil
        memory = has[3] ? try bytes.readDouble() : nil
        runID = try bytes.readText()
        operation = try bytes.readText()
    }
}
