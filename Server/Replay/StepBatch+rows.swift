import HDF5
import NIOCore
import Wire

extension StepBatch {
    /// Makes columns of steps that came one by one.
    init(steps: [StepsAppend.Step]) throws {
        count = steps.count
        episodes = Names(steps.map(\.episodeID))
        stepIndices = steps.map(\.stepIndex)
        rewards = steps.map(\.reward)
        terminated = steps.map(\.terminated)
        truncated = steps.map(\.truncated)
        timestamps = steps.contains { $0.timestamp != nil } ? steps.map(\.timestamp) : nil
        actions = try Self.actions(of: steps)
        infos = steps.contains { $0.info != nil } ? try Self.infos(of: steps) : nil
        agents = steps.contains { $0.agentID != nil } ? Names(steps.map(\.agentID)) : nil
        workers = steps.contains { $0.workerID != nil } ? Names(steps.map(\.workerID)) : nil
        var attached: [Attached] = []
        if let frames = try Self.attach("frames", steps.map(\.frame)) { attached.append(frames) }
        for (dataset, arrays) in try Self.observations(of: steps) {
            if let observations = try Self.attach(dataset, arrays) { attached.append(observations) }
        }
        self.attached = attached
        try check()
    }

    private static func infos(of steps: [StepsAppend.Step]) throws -> [String?] {
        try steps.enumerated().map { row, step in
            guard let info = step.info else { return nil }
            try Attachment.checkHasNoArray(info, "step \(row): info")
            return String(buffer: try JSONCoding.encode(info))
        }
    }

    private static func attach(_ dataset: String, _ arrays: [ArrayValue?]) throws -> Attached? {
        let rows = arrays.indices.filter { arrays[$0] != nil }
        guard !rows.isEmpty else { return nil }
        let sources = try rows.compactMap { row in try arrays[row].map { try RowSource(row: $0) } }
        if let (row, source) = zip(rows, sources).first(where: { $1.layout != sources[0].layout }) {
            throw WireError(
                .shapeMismatch,
                "step \(row): \(dataset) is \(source.layout), the first step's is \(sources[0].layout)"
            )
        }
        return Attached(dataset: dataset, source: sources, rows: rows)
    }

    private static func observations(of steps: [StepsAppend.Step]) throws -> [(String, [ArrayValue?])] {
        var columns: [String: [ArrayValue?]] = [:]
        for (row, step) in steps.enumerated() {
            for (dataset, array) in try arrays(of: step.observation) {
                columns[dataset, default: Array(repeating: nil, count: steps.count)][row] = array
            }
        }
        return columns.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Each is a dataset of the run's file.
    private static let mostObservations = 64

    /// An observation's arrays by dataset.
    static func arrays(of observation: Observation?) throws -> [(String, ArrayValue)] {
        switch observation {
        case nil: return []
        case .array(let array): return [("observations", array)]
        case .arrays(let arrays):
            guard arrays.count <= mostObservations else {
                throw WireError.invalidParams(
                    "an observation has \(arrays.count) arrays, at most \(mostObservations) are possible"
                )
            }
            return try arrays.sorted { $0.key < $1.key }.map { name, array in
                let dataset = "observations.\(name)"
                guard DatasetName.isValid(dataset), !name.isEmpty else {
                    throw WireError.invalidParams("observation \"\(name.prefix(100))\" is not a valid dataset name")
                }
                return (dataset, array)
            }
        }
    }

    private static func actions(of steps: [StepsAppend.Step]) throws -> Actions {
        guard steps.contains(where: { $0.action != nil }) else { return .none }
        let isDiscrete = steps.allSatisfy { step in
            switch step.action {
            case nil, .discrete: true
            case .continuous: false
            case .array(let array): array.shape.isEmpty && !array.dtype.isFloat
            }
        }
        if isDiscrete { return .discrete(try steps.enumerated().map { try integer($1.action, row: $0) }) }
        let rows = steps.indices.filter { steps[$0].action != nil }
        let sources = try rows.compactMap { try steps[$0].action.map(array) }
        guard let shape = sources.first?.shape, let dtype = sources.first?.dtype else { return .none }
        if let (row, array) = zip(rows, sources).first(where: { $1.shape != shape || $1.dtype != dtype }) {
            throw WireError(
                .shapeMismatch,
                "step \(row): action is \(array.dtype.rawValue) \(array.shape), the first is \(dtype.rawValue) \(shape)"
            )
        }
        return .arrays(try RowSource(rowsOf: try stack(sources, shape: [sources.count] + shape)), rows: rows)
    }

    private static func integer(_ action: Action?, row: Int) throws -> Int32? {
        let value: Int64?
        switch action {
        case nil: return nil
        case .discrete(let number): value = number
        case .array(let array): value = array.integers()?.first
        case .continuous: value = nil
        }
        guard let value, let action = Int32(exactly: value) else {
            throw WireError.invalidParams("step \(row): an integer action must fit 32 bits")
        }
        return action
    }

    private static func array(_ action: Action) throws -> ArrayValue {
        switch action {
        case .discrete(let value): try ArrayValue([Double(value)], shape: [])
        case .continuous(let value): try ArrayValue([value], shape: [])
        case .array(let array): array
        }
    }

    /// Puts arrays of one dtype behind each other, in memory of their own.
    static func stack(_ arrays: [ArrayValue], shape: [Int]) throws -> ArrayValue {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(arrays.reduce(0) { $0 + $1.bytes.readableBytes })
        for array in arrays { bytes.writeImmutableBuffer(array.bytes) }
        return try ArrayValue(dtype: arrays[0].dtype, shape: shape, bytes: bytes)
    }
}

extension StepBatch.Names {
    /// Numbers the distinct strings.
    init(_ strings: [String?]) {
        // Keyed by bytes: strings that are equal only after Unicode normalisation are different names.
        var known: [[UInt8]: Int] = [:]
        values = []
        codes = []
        codes.reserveCapacity(strings.count)
        for string in strings {
            guard let string else {
                codes.append(-1)
                continue
            }
            let bytes = Array(string.utf8)
            if let code = known[bytes] {
                codes.append(code)
            } else {
                known[bytes] = values.count
                codes.append(values.count)
                values.append(string)
            }
        }
    }

    init(_ column: StringColumn, count: Int, name: String) throws {
        do {
            // A value may stand twice in the column; its rows are one name all the same.
            let distinct = Self(column.values)
            let codes = try column.decodedCodes(count: count)
            self.init(
                values: distinct.values,
                codes: codes.map { $0 == column.values.count ? -1 : distinct.codes[$0] }
            )
        } catch {
            throw WireError.invalidParams("columns.\(name): \(error.description)")
        }
    }
}
