import NIOCore
import Wire

extension StepRecord: Spoolable {
    static let kind = SpoolRecord.Kind.step

    private var infoText: ByteBuffer? { info.flatMap { try? JSONCoding.encode($0) } }

    var size: Int {
        27 + runID.spoolSize + episodeID.spoolSize + (action?.spoolSize ?? 0) + (frame?.spoolSize ?? 0)
            + (observation?.spoolSize ?? 0) + (infoText.map { 4 + $0.readableBytes } ?? 0)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(Presence(action != nil, frame != nil, observation != nil, info != nil).bits)
        writer.write(timestamp)
        writer.write(index)
        writer.write(reward)
        writer.write(UInt8(terminated ? 1 : 0))
        writer.write(UInt8(truncated ? 1 : 0))
        writer.write(runID)
        writer.write(episodeID)
        action?.write(to: &writer)
        frame?.write(to: &writer)
        observation?.write(to: &writer)
        if let text = infoText {
            writer.write(UInt32(text.readableBytes))
            writer.write(text)
        }
    }

    init(from bytes: inout ByteBuffer) throws {
        var has = Presence()
        has.bits = try bytes.readNumber()
        timestamp = try bytes.readDouble()
        index = try bytes.readNumber()
        reward = try bytes.readDouble()
        terminated = try bytes.readNumber(UInt8.self) != 0
        truncated = try bytes.readNumber(UInt8.self) != 0
        runID = try bytes.readText()
        episodeID = try bytes.readText()
        action = has[0] ? try Action(from: &bytes) : nil
        frame = has[1] ? try ArrayValue(from: &bytes) : nil
        observation = has[2] ? try Observation(from: &bytes) : nil
        guard has[3] else {
            info = nil
            return
        }
        let text = try bytes.readBytes(count: Int(try bytes.readNumber(UInt32.self)))
        info = try JSONCoding.decode(JSONValue.self, from: text)
    }
}

extension ArrayValue {
    /// The dtypes by their number in a record.
    private static let dtypes: [DType] = [
        .bool, .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64, .float32, .float64,
    ]

    var spoolSize: Int { 2 + 8 * shape.count + 8 + bytes.readableBytes }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt8(Self.dtypes.firstIndex(of: dtype) ?? 0))
        writer.write(UInt8(shape.count))
        for extent in shape { writer.write(Int64(extent)) }
        writer.write(UInt64(bytes.readableBytes))
        writer.write(bytes)
    }

    init(from buffer: inout ByteBuffer) throws {
        let code = Int(try buffer.readNumber(UInt8.self))
        guard Self.dtypes.indices.contains(code) else { throw SpoolDamage.record }
        let rank = Int(try buffer.readNumber(UInt8.self))
        let shape = try (0..<rank).map { _ in Int(try buffer.readNumber(Int64.self)) }
        guard let count = Int(exactly: try buffer.readNumber(UInt64.self)) else { throw SpoolDamage.record }
        try self.init(dtype: Self.dtypes[code], shape: shape, bytes: try buffer.readBytes(count: count))
    }
}

extension Action {
    var spoolSize: Int {
        switch self {
        case .discrete, .continuous: 9
        case .array(let array): 1 + array.spoolSize
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .discrete(let value):
            writer.write(UInt8(0))
            writer.write(value)
        case .continuous(let value):
            writer.write(UInt8(1))
            writer.write(value)
        case .array(let array):
            writer.write(UInt8(2))
            array.write(to: &writer)
        }
    }

    init(from bytes: inout ByteBuffer) throws {
        switch try bytes.readNumber(UInt8.self) {
        case 0: self = .discrete(try bytes.readNumber())
        case 1: self = .continuous(try bytes.readDouble())
        case 2: self = .array(try ArrayValue(from: &bytes))
        default: throw SpoolDamage.record
        }
    }
}

extension Observation {
    var spoolSize: Int {
        switch self {
        case .array(let array): 1 + array.spoolSize
        case .arrays(let arrays): 5 + arrays.reduce(0) { $0 + $1.key.spoolSize + $1.value.spoolSize }
        }
    }

    func write(to writer: inout ByteWriter) {
        switch self {
        case .array(let array):
            writer.write(UInt8(0))
            array.write(to: &writer)
        case .arrays(let arrays):
            writer.write(UInt8(1))
            writer.write(UInt32(arrays.count))
            for (name, array) in arrays.sorted(by: { $0.key < $1.key }) {
                writer.write(name)
                array.write(to: &writer)
            }
        }
    }

    init(from bytes: inout ByteBuffer) throws {
        guard try bytes.readNumber(UInt8.self) == 1 else {
            self = .array(try ArrayValue(from: &bytes))
            return
        }
        var arrays: [String: ArrayValue] = [:]
        for _ in 0..<(try bytes.readNumber(UInt32.self)) {
            let name = try bytes.readText()
            arrays[name] = try ArrayValue(from: &bytes)
        }
        self = .arrays(arrays)
    }
}
