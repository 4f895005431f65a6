import Synchronization

/// The arrays of one run: an HDF5 file that other programs may read while it is written.
///
/// Every method but `synchronize()` must run on the executor. `@unchecked Sendable`: `state` is touched there only,
/// which each method checks; all else is constant or locked.
package final class RunFile: @unchecked Sendable {
    private enum State {
        case open(OpenFile)
        case closed
        /// It could not be opened again after a dataset was to be added.
        case broken(HDF5Error)
    }

    package let path: String
    package let compression: Compression
    let executor: HDF5Executor
    private let isWritable: Bool
    private var state: State
    /// The file as it is now at `path`: adding datasets puts another in its place.
    private let descriptor: Mutex<FileDescriptor>

    /// Takes over a file that was opened.
    init(_ file: OpenFile, isWritable: Bool, on executor: HDF5Executor) throws(HDF5Error) {
        path = file.path
        compression = try file.readCompression()
        descriptor = Mutex(try FileDescriptor(file.path, 0))
        self.executor = executor
        self.isWritable = isWritable
        state = .open(file)
    }

    deinit {
        guard case .open(let file) = state else { return }
        // Safe to send: nobody else has it.
        nonisolated(unsafe) let last = file
        executor.later { last.abandon() }
    }

    /// The open file, or why there is none.
    var file: OpenFile {
        get throws(HDF5Error) {
            executor.assertIsCurrent()
            switch state {
            case .open(let file):
                FaultNotes.enter(path)
                return file
            case .closed: throw HDF5Error(.invalid, "access", path, "the file was closed")
            case .broken(let error): throw error
            }
        }
    }

    package var datasets: [DatasetSpec] {
        get throws(HDF5Error) { try file.datasets.values.map(\.spec).sorted { $0.name < $1.name } }
    }

    /// How a dataset is kept, nil where the file does not have it.
    package func spec(of dataset: String) throws(HDF5Error) -> DatasetSpec? { try file.datasets[dataset]?.spec }

    /// Rows of a dataset, 0 where the file does not have it.
    package func rows(of dataset: String) throws(HDF5Error) -> Int {
        try file.datasets[dataset]?.extent ?? 0
    }

    /// The rows of a dataset, nil where the file does not have it.
    package func layout(of dataset: String) throws(HDF5Error) -> RowLayout? {
        try file.datasets[dataset]?.spec.layout
    }

    /// Hands all that was written to the system, in the order that lets a reader, and a repair, rely on it.
    package func flush() throws(HDF5Error) {
        try file.flush()
    }

    /// Makes all that was flushed survive loss of power; callable from anywhere.
    package func synchronize() throws(HDF5Error) {
        try descriptor.withLock { $0 }.synchronize()
    }

    package func close() throws(HDF5Error) {
        executor.assertIsCurrent()
        guard case .open(let file) = state else { return }
        state = .closed
        // Closing says in the file's first bytes where it ends: what comes before that end must be on disk by then.
        if isWritable {
            do throws(HDF5Error) {
                try file.flush()
                try synchronize()
            } catch {
                file.abandon()
                throw error
            }
        }
        try file.close()
    }

    /// Closes the file, lets `replace` put another in its place, and opens whatever is there then.
    func reopen(after replace: () throws(HDF5Error) -> Void) throws(HDF5Error) {
        try close()
        let failure: HDF5Error?
        do throws(HDF5Error) {
            try replace()
            failure = nil
        } catch {
            failure = error
        }
        do throws(HDF5Error) {
            let file = try OpenFile.openForWriting(path)
            let current = try FileDescriptor(path, 0)
            descriptor.withLock { $0 = current }
            state = .open(file)
        } catch {
            state = .broken(failure ?? error)
            throw failure ?? error
        }
        if let failure { throw failure }
    }
}
