import Glibc

/// What the first bytes of an array file say, read without the library: nothing is changed, whatever they are.
struct Superblock {
    /// Whether a writer had the file open and did not close it.
    let isMarkedOpen: Bool
    /// Where the file ends, by its own account.
    let recordedEnd: UInt64
    /// Where the file ends, by the file system's.
    let actualEnd: UInt64

    static let signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
    private static let size = 48
    private static let version: UInt8 = 3

    init(path: String) throws(HDF5Error) {
        let file = try FileDescriptor(path, O_RDONLY)
        let bytes = try file.readStart(Self.size)
        guard bytes.starts(with: Self.signature) else {
            throw HDF5Error(.damaged, "open", path, "not an HDF5 file: its signature is missing")
        }
        guard bytes.count == Self.size else {
            throw HDF5Error(.damaged, "open", path, "the file ends after \(bytes.count) bytes")
        }
        guard bytes[8] == Self.version, bytes[9] == 8 else {
            throw HDF5Error(.damaged, "open", path, "not a file of this program: superblock version \(bytes[8])")
        }
        isMarkedOpen = bytes[11] & 0b101 != 0
        recordedEnd = bytes[28..<36].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        actualEnd = try file.size()
    }

    var isTooShort: Bool { actualEnd < recordedEnd }
    var needsRepair: Bool { isMarkedOpen || actualEnd != recordedEnd }
}
