import Glibc

/// How much was logged, in a file: a 64-bit number for each process, so that the truth is left when it is killed.
struct Progress: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TrainerFailure(message: "can't write \(path)") }
    }

    /// - Parameter slot: 0 for the parent, then its children.
    func write(_ count: Int, slot: Int) {
        var number = Int64(count).littleEndian
        unsafe _ = pwrite(descriptor, &number, 8, off_t(8 * slot))
    }
}

struct TrainerFailure: Error {
    let message: String
}
