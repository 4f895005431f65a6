import HDF5
import NIOCore
import Wire

extension StepBatch {
    /// Checks columns and takes them over.
    init(count: Int, columns: StepsAppend.Columns) throws {
        guard (1...Self.maximumCount).contains(count) else {
            throw WireError.invalidParams("count is \(count); a request has 1 to \(Self.maximumCount) steps")
        }
        self.count = count
        episodes = try Names(columns.episodeID, count: count, name: "episode_id")
        stepIndices = try Self.column(columns.stepIndex, .int64, count, "step_index") { $0.integers() }
        rewards = try Self.column(columns.reward, .float64, count, "reward") { $0.doubles() }
        terminated = try Self.column(columns.terminated, .bool, count, "terminated") { $0.booleans() }
        truncated = try Self.column(columns.truncated, .bool, count, "truncated") { $0.booleans() }
        timestamps = try columns.timestamp.map {
            try Self.column($0, .float64, count, "timestamp") { $0.doubles() }
        }
        actions = try columns.action.map { try Self.actions($0, count: count) } ?? .none
        infos = try columns.info.map { try Self.infos($0, count: count) }
        agents = try columns.agentID.map { try Names($0, count: count, name: "agent_id") }
        workers = try columns.workerID.map { try Names($0, count: count, name: "worker_id") }
        var attached: [Attached] = []
        if let frame = columns.frame {
            attached.append(try Self.attach("frames", frame, rows: columns.frameRows, count: count, "frame"))
        }
        for (dataset, array) in try Self.arrays(of: columns.observation) {
            attached.append(
                try Self.attach(dataset, array, rows: columns.observationRows, count: count, "observation")
            )
        }
        self.attached = attached.filter { !$0.rows.isEmpty }
        try check()
    }

    private static func column<Element>(
        _ array: ArrayValue,
        _ dtype: DType,
        _ count: Int,
        _ name: String,
        _ read: (ArrayValue) -> [Element]?
    ) throws -> [Element] {
        guard array.dtype == dtype, array.shape == [count], let elements = read(array) else {
            throw WireError.invalidParams(
                "columns.\(name) must be \(dtype.rawValue) [\(count)], got \(array.dtype.rawValue) \(array.shape)"
            )
        }
        return elements
    }

    private static func attach(
        _ dataset: String,
        _ array: ArrayValue,
        rows: ArrayValue?,
        count: Int,
        _ name: String
    ) throws -> Attached {
        guard let first = array.shape.first else {
            throw WireError.invalidParams("columns.\(name) needs a first dimension of \(count) rows")
        }
        let places: [Int]
        if let rows {
            places = try column(rows, .uint32, first, "\(name)_rows") { $0.integers() }.map { Int($0) }
            let isAscending = zip(places, places.dropFirst()).allSatisfy { $0 < $1 }
            guard isAscending, places.allSatisfy({ $0 < count }) else {
                throw WireError.invalidParams("columns.\(name)_rows must be ascending and below \(count)")
            }
        } else {
            guard first == count else {
                throw WireError.invalidParams(
                    "columns.\(name) has \(first) rows for \(count) steps; say which with \(name)_rows"
                )
            }
            places = Array(0..<count)
        }
        return Attached(dataset: dataset, source: [try RowSource(rowsOf: array)], rows: places)
    }

    private static func actions(_ array: ArrayValue, count: Int) throws -> Actions {
        guard array.shape.first == count else {
            throw WireError.invalidParams("columns.action must have \(count) rows, got shape \(array.shape)")
        }
        guard array.rows == nil else { throw WireError.invalidParams("columns.action can't be compressed") }
        guard array.shape.count == 1, !array.dtype.isFloat else {
            return .arrays(try RowSource(rowsOf: try stack([array], shape: array.shape)), rows: Array(0..<count))
        }
        let values = array.integers()?.map { Int32(exactly: $0) } ?? [nil]
        if let row = values.firstIndex(of: nil) {
            throw WireError.invalidParams("step \(row): an integer action must fit 32 bits")
        }
        return .discrete(values)
    }

    private static func infos(_ column: StringColumn, count: Int) throws -> [String?] {
        let names = try Names(column, count: count, name: "info")
        for (index, text) in names.values.enumerated() {
            guard let info = try? JSONCoding.decode(JSONValue.self, from: .init(string: text)) else {
                throw WireError.invalidParams("columns.info.values[\(index)] is not JSON")
            }
            try Attachment.checkHasNoArray(info, "columns.info.values[\(index)]")
        }
        return (0..<count).map(names.value)
    }
}
