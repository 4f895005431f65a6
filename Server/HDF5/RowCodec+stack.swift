import Dispatch
import Glibc
package import NIOCore
import Synchronization

/// Which of the rows of a stack is no row, and why.
package struct RowStackError: Error {
    package let index: Int
    package let reason: HDF5Error
}

extension RowCodec {
    /// From this size on memory comes in large pages: to get it in small ones takes longer than to decompress into it.
    private static let largeBytes = 4 << 20
    private static let largePage = 2 << 20
    /// Fewer rows than this are not worth another thread.
    private static let fewestRows = 8

    /// Decompresses rows of one layout side by side into one block, on all cores; blocks the thread.
    package func stack(
        _ rows: [(row: ChunkedRow, compression: Compression)],
        layout: RowLayout
    ) throws(RowStackError) -> ByteBuffer {
        let size = rows.count * layout.rowBytes
        let failure = Mutex<RowStackError?>(nil)
        var block = ByteBuffer()
        block.reserveCapacity(size)
        block.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { target in
            Self.askForLargePages(target)
            let order = Self.order(rows)
            // Safe to share: every row has a place of its own.
            nonisolated(unsafe) let target = target
            let slices = max(1, min(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), rows.count / Self.fewestRows))
            DispatchQueue.concurrentPerform(iterations: slices) { slice in
                for turn in (rows.count * slice / slices)..<(rows.count * (slice + 1) / slices) {
                    let index = order?[turn] ?? turn
                    let place = index * layout.rowBytes
                    let output = UnsafeMutableRawBufferPointer(rebasing: target[place..<place + layout.rowBytes])
                    do throws(HDF5Error) {
                        try decode(rows[index].row, with: rows[index].compression, layout: layout, into: output)
                    } catch {
                        failure.withLock { $0 = $0 ?? RowStackError(index: index, reason: error) }
                        return
                    }
                }
            }
            return size
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return block
    }

    /// Rows of one chunk after each other, so that it is decompressed once; nil where each is a chunk by itself.
    private static func order(_ rows: [(row: ChunkedRow, compression: Compression)]) -> [Int]? {
        guard rows.contains(where: { $0.row.chunkRows > 1 }) else { return nil }
        return rows.indices.sorted { rows[$0].row.id < rows[$1].row.id }
    }

    private static func askForLargePages(_ memory: UnsafeMutableRawBufferPointer) {
        guard memory.count >= largeBytes, let start = memory.baseAddress else { return }
        let first = start.alignedUp(toMultipleOf: largePage)
        let length = (start + memory.count - first) / largePage * largePage
        // Without them it is slower, nothing else.
        if length > 0 { madvise(first, length, MADV_HUGEPAGE) }
    }
}
