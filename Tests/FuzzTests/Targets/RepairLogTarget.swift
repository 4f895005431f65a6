import Foundation

@testable import HDF5
@testable import ServerTests

/// What lies beside a file as the log of its repair: either the whole of it is done, or nothing.
///
/// An input is the file's size, two bytes, the byte it is full of, then the log, tried as it is and with its checksum put behind.
struct RepairLogTarget: FuzzTarget {
    static let name = "repair-logs"
    static let rounds = 2000
    private static let mostBytes = 1 << 20

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    func run(_ bytes: [UInt8]) throws {
        guard bytes.count >= 3 else { return }
        let size = Int(bytes[0]) | Int(bytes[1]) << 8
        let file = [UInt8](repeating: bytes[2], count: size)
        let log = Array(bytes.dropFirst(3))
        let checksum = Lookup3.hash(log[...])
        for end in [[], (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }] { try finish(file, log + end) }
    }

    private func finish(_ file: [UInt8], _ log: [UInt8]) throws {
        func number(_ place: Int) -> UInt64 {
            log.dropFirst(place).prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let (path, size) = (directory.file("file.h5"), number(16))
        // The file would have so many bytes.
        guard size <= Self.mostBytes else { return }
        try Data(file).write(to: URL(fileURLWithPath: path))
        try Data(log).write(to: URL(fileURLWithPath: path + RepairLog.suffix))
        let isFinished = try RepairLog.finish(path)
        try demand(!RepairLog.exists(path), "the log is still there")
        var expected = file
        if isFinished {
            // The first changes are made last.
            for change in (0..<Int(number(24))).reversed() {
                let start = 32 + change * (8 + 2 * 4096)
                let (place, new) = (Int(number(start)) * 4096, log[(start + 8 + 4096)..<(start + 8 + 2 * 4096)])
                // What is cut off anyway.
                guard place < Int(size) else { continue }
                expected += [UInt8](repeating: 0, count: max(0, place + 4096 - expected.count))
                expected.replaceSubrange(place..<place + 4096, with: new)
            }
            expected += [UInt8](repeating: 0, count: max(0, Int(size) - expected.count))
            expected.removeSubrange(Int(size)...)
        }
        let found = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        try demand(found == expected, "\(found.count) bytes, finished: \(isFinished)")
        try demand(!RepairLog.finish(path), "it was finished twice")
    }
}
