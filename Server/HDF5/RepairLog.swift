import Glibc

/// The changes that a repair makes to a file, on disk before the first of them is made: however often it is interrupted, the file
/// is brought to what it was to be.
///
/// Rows that were on their way are taken out of the library's structures, among the entries of committed ones. A kill in the
/// middle of that would leave both old and new, which nothing else could tell apart.
///
/// Format: `magic`, then as little-endian 64-bit numbers the size of the file before, its size after, and how many pages change;
/// for each its number, its old bytes and its new ones; then the checksum of all that, 32 bits.
package struct RepairLog {
    /// Behind the file's name.
    package static let suffix = ".repair"
    private static let magic = Array("hfrepair".utf8)
    private static let headBytes = magic.count + 3 * 8
    private static let changeBytes = 8 + 2 * Overlay.pageBytes
    /// What a disk writes at once.
    private static let sectorBytes = 512

    let path: String
    let oldSize: Int
    let newSize: Int
    let changes: [Overlay.Change]

    private var logPath: String { Self.logPath(path) }

    private static func logPath(_ path: String) -> String { path + suffix }

    /// Whether a repair of a file has not come to its end: the file itself may be half changed.
    package static func exists(_ path: String) throws(HDF5Error) -> Bool {
        if access(logPath(path), F_OK) == 0 { return true }
        guard errno == ENOENT else { throw .system("access", logPath(path)) }
        return false
    }

    /// - Parameter path: The file that the overlay lies over.
    init(_ overlay: Overlay, of path: String) throws(HDF5Error) {
        self.path = path
        (oldSize, newSize) = (overlay.baseSize, overlay.size)
        changes = try overlay.changes()
    }

    /// What an earlier process logged and did not finish; nil where what it left is no log.
    private init?(of path: String) throws(HDF5Error) {
        self.path = path
        let file = try FileDescriptor(Self.logPath(path), O_RDONLY)
        let bytes = try file.readStart(Int(file.size()))
        guard bytes.starts(with: Self.magic), bytes.count >= Self.headBytes + TornMetadata.checksumBytes,
            (bytes.count - Self.headBytes - TornMetadata.checksumBytes).isMultiple(of: Self.changeBytes),
            Lookup3.hash(bytes.dropLast(TornMetadata.checksumBytes))
                == UInt32(truncatingIfNeeded: TornMetadata.number(bytes.suffix(TornMetadata.checksumBytes)))
        else { return nil }
        func number(_ place: Int) -> Int { TornMetadata.number(bytes[place..<place + 8]) }
        oldSize = number(Self.magic.count)
        newSize = number(Self.magic.count + 8)
        let count = number(Self.magic.count + 16)
        guard oldSize >= 0, newSize >= 0, count == (bytes.count - Self.headBytes) / Self.changeBytes else { return nil }
        changes = (0..<count).map { change in
            let start = Self.headBytes + change * Self.changeBytes
            let (old, new) = (start + 8, start + 8 + Overlay.pageBytes)
            return Overlay.Change(
                page: number(start),
                old: Array(bytes[old..<new]),
                new: Array(bytes[new..<start + Self.changeBytes])
            )
        }
        let pages = 0...max(oldSize, newSize) / Overlay.pageBytes
        guard changes.allSatisfy({ pages.contains($0.page) }) else { return nil }
    }

    /// Makes the changes; afterwards they are made, also after a loss of power.
    func commit() throws(HDF5Error) {
        guard newSize != oldSize || !changes.isEmpty else { return }
        let bytes = bytes
        // A killed writer may have left the file as it is in memory only; the log is of no use to an older one.
        try FileDescriptor(path, O_RDONLY).synchronize()
        try Draft.write(logPath) { (draft) throws(HDF5Error) in
            try FileDescriptor(draft, O_WRONLY | O_CREAT | O_TRUNC).write(bytes)
        }
        try apply()
        try remove()
    }

    /// Makes the changes of a repair that did not come to its end; says whether there was one.
    @discardableResult
    package static func finish(_ path: String) throws(HDF5Error) -> Bool {
        guard try exists(path) else { return false }
        let log = try RepairLog(of: path)
        let isOfFile = try log?.isOfFile() ?? false
        if isOfFile { try log?.apply() }
        try remove(path)
        return isOfFile
    }

    /// Removes what is left of a repair of a file that is gone.
    package static func discard(_ path: String) throws(HDF5Error) {
        if try exists(path) { try remove(path) }
    }

    var bytes: [UInt8] {
        var bytes = Self.magic
        func append(_ number: Int) { withUnsafeBytes(of: UInt64(number).littleEndian) { bytes += $0 } }
        for number in [oldSize, newSize, changes.count] { append(number) }
        for change in changes {
            append(change.page)
            bytes += change.old
            bytes += change.new
        }
        withUnsafeBytes(of: Lookup3.hash(bytes[...]).littleEndian) { bytes += $0 }
        return bytes
    }

    /// Whether the file is as it was before the changes, or as it is after some of them: a copy from a backup may lie there.
    private func isOfFile() throws(HDF5Error) -> Bool {
        let file = try FileDescriptor(path, O_RDONLY)
        let (least, most) = (min(oldSize, newSize), max(oldSize, newSize))
        guard (least...most).contains(Int(try file.size())) else { return false }
        for change in changes {
            let start = change.page * Overlay.pageBytes
            let found = try file.read(Overlay.pageBytes, at: start)
            for sector in stride(from: 0, to: Overlay.pageBytes, by: Self.sectorBytes) {
                // What lies behind that was cut off already, or is not there yet.
                let end = min(sector + Self.sectorBytes, least - start)
                guard sector < end else { break }
                let bytes = found[sector..<end]
                guard bytes == change.old[sector..<end] || bytes == change.new[sector..<end] else { return false }
            }
        }
        return true
    }

    private func apply() throws(HDF5Error) {
        let file = try FileDescriptor(path, O_RDWR)
        // What may find no room comes first, and last what says that the file is in order.
        for change in changes.reversed() {
            let start = change.page * Overlay.pageBytes
            try file.write(Array(change.new.prefix(max(0, newSize - start))), at: start)
        }
        try file.truncate(newSize)
        try file.synchronize()
    }

    private func remove() throws(HDF5Error) { try Self.remove(path) }

    /// Durably: the changes must never be made to a file that was written to since.
    private static func remove(_ path: String) throws(HDF5Error) {
        guard unlink(logPath(path)) == 0 else { throw .system("unlink", logPath(path)) }
        try FileDescriptor.synchronizeDirectory(of: path)
    }
}
