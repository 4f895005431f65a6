import HDF5
import NIOCore
import Testing
import Wire

/// A run as tests write it: each row's bytes follow from its dataset and index, some frames are missing.
struct Recording {
    let executor: HDF5Executor
    let path: String
    let compression: Compression
    private let codec = RowCodec()

    static let frames = "frames"
    static let rewards = "rewards"
    static let dones = "dones"
    static let starts = "episodes/starts"
    static let names = [frames, rewards, dones, starts]

    init(_ path: String, _ compression: Compression = .lzf) throws {
        executor = try HDF5Executor()
        self.path = path
        self.compression = compression
    }

    func spec(_ name: String) throws -> DatasetSpec {
        switch name {
        case Self.frames:
            try DatasetSpec(name: name, layout: RowLayout(dtype: .uint8, shape: [8, 6, 3]), storage: .chunkPerRow)
        case Self.dones: try DatasetSpec(name: name, layout: RowLayout(dtype: .bool, shape: []), storage: .plain)
        case Self.rewards: try DatasetSpec(name: name, layout: RowLayout(dtype: .float64, shape: []), storage: .plain)
        default: try DatasetSpec(name: name, layout: RowLayout(dtype: .int64, shape: []), storage: .plain)
        }
    }

    func create(_ names: [String] = names) throws -> RunFile {
        let specs = try names.map { try spec($0) }
        return try executor.sync { () throws(HDF5Error) in
            try RunFile.create(
                path,
                attributes: [("run_id", "r1"), ("created_at", "2024-01-01T00:00:00.000000Z"), ("version", "1")],
                compression: compression,
                datasets: specs,
                on: executor
            )
        }
    }

    func open(_ rows: [String: Int], at path: String? = nil) throws -> (file: RunFile, recovery: Recovery) {
        try executor.sync { () throws(HDF5Error) in
            try RunFile.open(path ?? self.path, committedRows: rows, on: executor)
        }
    }

    /// Every fifth frame is missing; every third does not shrink.
    func bytes(_ name: String, _ index: Int) -> [UInt8]? {
        switch name {
        case Self.frames:
            guard index % 5 != 4 else { return nil }
            var random = SeededRandom(seed: UInt64(index))
            let most: UInt8 = index % 3 == 0 ? 255 : 1
            return (0..<144).map { _ in .random(in: 0...most, using: &random) }
        case Self.dones: return [index % 7 == 6 ? 1 : 0]
        case Self.rewards: return littleEndian(Double(index).bitPattern)
        default: return littleEndian(UInt64(index) &* 0x0101_0101_0101_0101)
        }
    }

    func column(_ name: String, _ rows: Range<Int>) throws -> Column {
        let spec = try spec(name)
        let payload: Column.Payload
        if spec.storage == .chunkPerRow {
            payload = .chunks(
                rows.compactMap { index in
                    bytes(name, index).map { ($0.withUnsafeBytes { codec.encode($0, with: compression) }) }
                        .map { (index, $0) }
                }
            )
        } else {
            let bytes = rows.flatMap { self.bytes(name, $0) ?? [] }
            payload = .block(start: rows.lowerBound, bytes: ByteBuffer(bytes: bytes))
        }
        return Column(spec: spec, extent: rows.upperBound, payload: payload)
    }

    func append(_ rows: Range<Int>, to file: RunFile, _ names: [String] = names, flushing: Bool = true) throws {
        let columns = try names.map { try column($0, rows) }
        try executor.sync { () throws(HDF5Error) in
            try file.append(columns)
            if flushing { try file.flush() }
        }
    }

    /// Whether a file has exactly the given number of rows in each dataset, and all of them as written.
    func expect(_ rows: Int, in file: RunFile, _ names: [String] = names) throws {
        for name in names {
            #expect(try executor.sync { () throws(HDF5Error) in try file.rows(of: name) } == rows)
            let layout = try spec(name).layout
            if try spec(name).storage == .plain {
                let block = try executor.sync { () throws(HDF5Error) in try file.readBlock(name, 0..<rows) }
                #expect(Array(buffer: block) == (0..<rows).flatMap { bytes(name, $0) ?? [] })
                continue
            }
            let stored = try executor.sync { () throws(HDF5Error) in try file.storedRows(name, Array(0..<rows)) }
            for (index, row) in stored.enumerated() {
                let decoded = try row.map { Array(buffer: try codec.decode($0, with: compression, layout: layout)) }
                #expect(decoded == bytes(name, index), "\(name)/\(index)")
            }
        }
    }

    private func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
}
