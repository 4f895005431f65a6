/// Where a row stands in a file: in a chunk, by itself or among others.
package struct ChunkedRow: Hashable, Sendable {
    /// Which chunk of which open dataset; no two that were ever opened share one.
    struct ChunkID: Hashable, Comparable, Sendable {
        let dataset: Int
        let firstRow: Int

        static func < (one: ChunkID, other: ChunkID) -> Bool {
            (one.dataset, one.firstRow) < (other.dataset, other.firstRow)
        }
    }

    package let chunk: EncodedChunk
    let id: ChunkID
    /// Rows that the chunk has room for.
    package let chunkRows: Int
    /// Rows before this one in its chunk.
    let position: Int

    init(chunk: EncodedChunk, id: ChunkID, chunkRows: Int, position: Int) {
        self.chunk = chunk
        self.id = id
        self.chunkRows = chunkRows
        self.position = position
    }

    /// A row that is a chunk by itself.
    package init(_ chunk: EncodedChunk) {
        self.init(chunk: chunk, id: ChunkID(dataset: 0, firstRow: 0), chunkRows: 1, position: 0)
    }

    /// Whether another row stands in the same chunk.
    package func sharesChunk(with other: ChunkedRow) -> Bool { chunkRows > 1 && id == other.id }
}
