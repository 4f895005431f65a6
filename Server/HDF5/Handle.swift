import CHDF5

/// An identifier of the library that is closed when its owner goes away.
struct Handle: ~Copyable {
    let id: hid_t
    private let closing: @convention(c) (hid_t) -> herr_t

    init(
        _ id: hid_t,
        _ closing: @convention(c) (hid_t) -> herr_t,
        _ operation: String,
        _ subject: @autoclosure () -> String
    ) throws(HDF5Error) {
        self.id = try check(id, operation, subject())
        self.closing = closing
    }

    deinit {
        if closing(id) < 0 { ErrorStack.clear() }
    }
}
