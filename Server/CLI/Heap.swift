import CMalloc

/// What the process keeps of memory that it has freed.
enum Heap {
    /// Blocks from this size on go back to the system when they are freed, one by one. Left to itself, `malloc` soon takes
    /// larger ones, too, from places that it gives back only when all behind them is free.
    private static let largestKept: CInt = 8 << 20

    /// At the start of the process, before there are large blocks.
    static func separateLargeBlocks() {
        mallopt(M_MMAP_THRESHOLD, largestKept)
        // Fixed with the other, and by itself so low that memory goes forth and back all the time.
        mallopt(M_TRIM_THRESHOLD, largestKept)
    }

    /// Gives back what is free at the moment, wherever it lies.
    static func trim() { malloc_trim(0) }
}
