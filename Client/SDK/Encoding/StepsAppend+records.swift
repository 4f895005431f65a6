import NIOCore
import Wire

extension StepsAppend.Columns {
    /// Steps of uniform layout as columns, their arrays one behind the other.
    init(_ records: [StepRecord]) throws {
        try self.init(
            episodeID: StringColumn(records.map(\.episodeID)),
            stepIndex: ArrayValue(records.map(\.index)),
            action: Self.actions(records),
            reward: ArrayValue(records.map(\.reward)),
            terminated: ArrayValue(records.map(\.terminated)),
            truncated: ArrayValue(records.map(\.truncated)),
            timestamp: ArrayValue(records.map(\.timestamp)),
            frame: Self.stacked(records.compactMap(\.frame)),
            frameRows: Self.rows(records.map { $0.frame != nil }),
            observation: Self.observations(records.compactMap(\.observation)),
            observationRows: Self.rows(records.map { $0.observation != nil }),
            info: Self.infos(records.map(\.info))
        )
    }

    private static func actions(_ records: [StepRecord]) throws -> ArrayValue? {
        let actions = records.compactMap(\.action)
        switch actions.first {
        case nil: return nil
        case .discrete:
            return try ArrayValue(actions.compactMap { if case .discrete(let value) = $0 { value } else { nil } })
        case .continuous:
            return try ArrayValue(actions.compactMap { if case .continuous(let value) = $0 { value } else { nil } })
        case .array:
            return try stacked(actions.compactMap { if case .array(let array) = $0 { array } else { nil } })
        }
    }

    private static func observations(_ observations: [Observation]) throws -> Observation? {
        switch observations.first {
        case nil: return nil
        case .array: return try stacked(observations.flatMap(\.arrays)).map { .array($0) }
        case .arrays(let first):
            var stacks: [String: ArrayValue] = [:]
            for name in first.keys {
                stacks[name] = try stacked(
                    observations.compactMap { if case .arrays(let arrays) = $0 { arrays[name] } else { nil } }
                )
            }
            return .arrays(stacks)
        }
    }

    /// Arrays of one layout as one, with a new first dimension; nil without arrays.
    private static func stacked(_ arrays: [ArrayValue]) throws(ArrayError) -> ArrayValue? {
        guard let first = arrays.first else { return nil }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(first.bytes.readableBytes * arrays.count)
        for array in arrays { bytes.writeImmutableBuffer(array.bytes) }
        return try ArrayValue(dtype: first.dtype, shape: [arrays.count] + first.shape, bytes: bytes)
    }

    /// Which steps have an array; nil when all or none have.
    private static func rows(_ present: [Bool]) throws(ArrayError) -> ArrayValue? {
        guard present.contains(true), present.contains(false) else { return nil }
        return try ArrayValue(present.indices.filter { present[$0] }.map { UInt32($0) })
    }

    private static func infos(_ infos: [JSONValue?]) throws -> StringColumn? {
        guard infos.contains(where: { $0 != nil }) else { return nil }
        return try StringColumn(try infos.map { try $0.map { String(buffer: try JSONCoding.encode($0)) } })
    }
}
