import NIOCore

/// One value of one training metric, as a training process logged it.
struct MetricRecord: Spoolable {
    static let kind = SpoolRecord.Kind.metric

    let runID: String
    let name: String
    let value: Double
    var step: Int64?
    var round: Int64?
    var epoch: Int64?
    var phase: String?
    /// UNIX seconds
    let timestamp: Double

    var size: Int {
        17 + 8 * ((step == nil ? 0 : 1) + (round == nil ? 0 : 1) + (epoch == nil ? 0 : 1)) + runID.spoolSize
            + name.spoolSize + phase.spoolSize
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Presence(step != nil, round != nil, epoch != nil, phase != nil).bits)
        writer.write(timestamp)
        writer.write(value)
        if let step { writer.write(step) }
        if let round { writer.write(round) }
        if let epoch { writer.write(epoch) }
        writer.write(runID)
        writer.write(name)
        if let phase { writer.write(phase) }
    }
}

extension MetricRecord {
    init(from bytes: inout ByteBuffer) throws {
        var has = Presence()
        has.bits = try bytes.readNumber()
        timestamp = try bytes.readDouble()
        value = try bytes.readDouble()
        step = has[0] ? try bytes.readNumber() : nil
        round = has[1] ? try bytes.readNumber() : nil
        epoch = has[2] ? try bytes.readNumber() : nil
        runID = try bytes.readText()
        name = try bytes.readText()
        phase = has[3] ? try bytes.readText() : nil
    }
}
