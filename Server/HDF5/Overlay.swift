import Glibc

/// A file as it would be after writes that are kept in memory: the file itself is not changed.
final class Overlay {
    static let pageBytes = 4096

    /// A page that is to be another one. Both have all of its bytes, zeros where the file ends before.
    struct Change: Equatable {
        let page: Int
        let old: [UInt8]
        let new: [UInt8]
    }

    /// Bytes of the file below.
    let baseSize: Int
    /// Bytes of the file with all writes.
    private(set) var size: Int
    /// Where the library's allocations end.
    var allocatedEnd: UInt = 0
    /// Why a read failed: the library itself only says that one did.
    private(set) var failure: HDF5Error?
    private let descriptor: FileDescriptor
    /// So much of the file below is still seen: less, once the file was cut.
    private var visible: Int
    /// What differs from the file below.
    private var pages: [Int: [UInt8]] = [:]

    init(_ path: String) throws(HDF5Error) {
        descriptor = try FileDescriptor(path, O_RDONLY)
        baseSize = Int(try descriptor.size())
        (size, visible) = (baseSize, baseSize)
    }

    /// Fills a buffer; with zeros behind the end.
    func read(_ buffer: UnsafeMutableRawBufferPointer, at place: Int) throws(HDF5Error) {
        let base = try noting { () throws(HDF5Error) in try self.base(buffer.count, at: place) }
        buffer.copyBytes(from: base)
        for page in Self.pages(of: place..<place + buffer.count) {
            guard let bytes = pages[page] else { continue }
            let start = page * Self.pageBytes
            let (first, end) = (max(start, place), min(start + Self.pageBytes, place + buffer.count))
            UnsafeMutableRawBufferPointer(rebasing: buffer[(first - place)..<(end - place)])
                .copyBytes(from: bytes[(first - start)..<(end - start)])
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at place: Int) throws(HDF5Error) {
        size = max(size, place + bytes.count)
        let touched = Self.pages(of: place..<place + bytes.count)
        // A probe of an index writes many zeros where there is nothing yet.
        if place >= visible, !touched.contains(where: { pages[$0] != nil }), bytes.allSatisfy({ $0 == 0 }) { return }
        for page in touched {
            let start = page * Self.pageBytes
            let below = try noting { () throws(HDF5Error) in try base(Self.pageBytes, at: start) }
            var new = pages[page] ?? below
            let (first, end) = (max(start, place), min(start + Self.pageBytes, place + bytes.count))
            new.replaceSubrange((first - start)..<(end - start), with: bytes[(first - place)..<(end - place)])
            pages[page] = new == below ? nil : new
        }
    }

    func resize(_ count: Int) {
        if count < size {
            visible = min(visible, count)
            for page in pages.keys where (page + 1) * Self.pageBytes > count {
                let kept = count - page * Self.pageBytes
                if kept <= 0 {
                    pages[page] = nil
                } else {
                    pages[page]?.replaceSubrange(kept..., with: repeatElement(0, count: Self.pageBytes - kept))
                }
            }
        }
        size = count
    }

    /// The pages that are not what they are in the file, the first ones first.
    func changes() throws(HDF5Error) -> [Change] {
        let reappeared = visible < min(baseSize, size) ? Self.pages(of: visible..<min(baseSize, size)) : 0..<0
        var changes: [Change] = []
        for page in Set(pages.keys).union(reappeared).sorted() {
            let start = page * Self.pageBytes
            let new = if let page = pages[page] { page } else { try base(Self.pageBytes, at: start) }
            let old = Self.whole(try descriptor.read(Self.pageBytes, at: start), Self.pageBytes)
            if new != old { changes.append(Change(page: page, old: old, new: new)) }
        }
        return changes
    }

    private func base(_ count: Int, at place: Int) throws(HDF5Error) -> [UInt8] {
        let there = min(count, max(0, visible - place))
        return Self.whole(there > 0 ? try descriptor.read(there, at: place) : [], count)
    }

    private func noting<Result>(_ body: () throws(HDF5Error) -> Result) throws(HDF5Error) -> Result {
        do throws(HDF5Error) {
            return try body()
        } catch {
            failure = error
            throw error
        }
    }

    private static func whole(_ bytes: [UInt8], _ count: Int) -> [UInt8] {
        bytes + repeatElement(0, count: count - bytes.count)
    }

    private static func pages(of bytes: Range<Int>) -> Range<Int> {
        bytes.isEmpty ? 0..<0 : bytes.lowerBound / pageBytes..<(bytes.upperBound - 1) / pageBytes + 1
    }
}
