import Foundation
import HDF5
import Holdfast
import NIOCore

/// An HDF5 file that is imported.
struct ArrayFile: Sendable {
    /// No file has more; sums of the rows of several datasets then are numbers.
    private static let mostRows = 1 << 40

    let url: URL
    let datasets: [String: ForeignDataset]
    private let file: ForeignFile
    private let executor: HDF5Executor

    init(_ path: String) throws {
        url = URL(fileURLWithPath: path)
        let executor = try HDF5Executor()
        self.executor = executor
        let file = try executor.sync { () throws(HDF5Error) in try ForeignFile(path, on: executor) }
        self.file = file
        datasets = Dictionary(file.datasets.map { ($0.path.trimmedSlashes, $0) }, uniquingKeysWith: { $1 })
        if let dataset = file.datasets.first(where: { $0.rows > Self.mostRows }) {
            throw CommandFailure(
                code: CommandFailure.dataDamaged,
                message: "\(path): \(dataset.path) says that it has \(dataset.rows) rows, more than any file can have"
            )
        }
    }

    /// The file's name without its ending.
    var stem: String { url.deletingPathExtension().lastPathComponent }

    /// Whether the file has what makes the layout of Holdfast's run files.
    var isRunFile: Bool {
        ["rewards", "dones", "episode_index", "episodes/starts"].allSatisfy { datasets[$0] != nil }
    }

    func attribute(_ name: String) async throws -> String? { try await attributes(of: "/")[name] }

    /// The scalar attributes of a group, as text.
    func attributes(of group: String) async throws -> [String: String] {
        let file = file
        return try await executor.run { () throws(HDF5Error) in try file.attributes(of: group) }
    }

    /// Rows of a dataset of numbers that stand for yes or no; no, where there is no dataset.
    func flags(_ name: String?, _ range: Range<Int>) async throws -> [Bool] {
        guard let name else { return [Bool](repeating: false, count: range.count) }
        if let layout = try datasets[name]?.layout, layout.count != 1 {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(url.path): \(name) has \(layout.count) flags a row, not one"
            )
        }
        let rows = try await rows(name, range)
        return rows.integers().map { $0.map { $0 != 0 } } ?? rows.doubles().map { $0.map { $0 != 0 } } ?? []
    }

    /// Rows of a dataset of whole numbers, one a row.
    func wholeNumbers(_ name: String, _ range: Range<Int>) async throws -> [Int64] {
        guard let numbers = try await rows(name, range).integers(), numbers.count == range.count else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(url.path): \(name) is not one whole number a row"
            )
        }
        return numbers
    }

    /// Rows of a dataset of numbers, one a row.
    func numbers(_ name: String, _ range: Range<Int>) async throws -> [Double] {
        guard let numbers = try await rows(name, range).doubles(), numbers.count == range.count else {
            throw CommandFailure(code: CommandFailure.other, message: "\(url.path): \(name) is not one number a row")
        }
        return numbers
    }

    /// Whether all rows of a dataset were written.
    func isWhole(_ name: String) async throws -> Bool {
        guard let path = datasets[name]?.path else { return false }
        let file = file
        return try await executor.run { () throws(HDF5Error) in try file.isWhole(path) }
    }

    /// Rows of a dataset of strings.
    func texts(_ name: String, _ range: Range<Int>) async throws -> [String]? {
        guard let path = datasets[name]?.path else { return nil }
        let file = file
        return try await executor.run { () throws(HDF5Error) in try file.readTexts(path, range) }
    }

    /// Rows of a dataset as one array (n, …).
    func rows(_ name: String, _ range: Range<Int>) async throws -> ArrayValue {
        guard let dataset = datasets[name], let dtype = dataset.dtype else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(url.path) has no dataset \(name) of numbers; it has \(names)"
            )
        }
        let (file, path) = (file, dataset.path)
        let bytes = try await executor.run { () throws(HDF5Error) in try file.readRows(path, range) }
        return try ArrayValue(dtype: dtype, shape: [range.count] + dataset.dimensions.dropFirst(), bytes: bytes)
    }

    /// Those of the rows that were ever written.
    func writtenRows(_ name: String, _ range: Range<Int>) async throws -> [Int] {
        guard let path = datasets[name]?.path else { return [] }
        let file = file
        return try await executor.run { () throws(HDF5Error) in try file.writtenRows(path, range) }
    }

    /// Some of a dataset's rows, in ascending order, as one array (n, …).
    func rows(_ name: String, _ rows: [Int]) async throws -> ArrayValue {
        guard let first = rows.first, let last = rows.last else { return try await self.rows(name, 0..<0) }
        let range = first..<(last + 1)
        let all = try await self.rows(name, range)
        guard rows.count < range.count else { return all }
        let size = all.bytes.readableBytes / range.count
        var bytes = ByteBuffer()
        for row in rows {
            let start = all.bytes.readerIndex + (row - first) * size
            if var slice = all.bytes.getSlice(at: start, length: size) { bytes.writeBuffer(&slice) }
        }
        return try ArrayValue(dtype: all.dtype, shape: [rows.count] + all.shape.dropFirst(), bytes: bytes)
    }

    /// The datasets with their dimensions.
    var shapes: String {
        datasets.sorted { $0.key < $1.key }.map { name, dataset in
            "\(name) (\(dataset.dimensions.map(String.init).joined(separator: "×")))"
        }.joined(separator: ", ")
    }

    var names: String { datasets.keys.sorted().joined(separator: ", ") }
}

extension String {
    fileprivate var trimmedSlashes: String { String(drop { $0 == "/" }) }
}
