import CHDF5
import Glibc

/// What went wrong with an array file: in which operation, with what, and why.
package struct HDF5Error: Error, Codable, CustomStringConvertible {
    package enum Kind: String, Codable, Sendable {
        /// A call of the library or of the system failed.
        case failed
        /// The file or the stored bytes are not what they must be.
        case damaged
        /// A repair in place failed: what is committed can perhaps be read, but nothing more can be written there.
        case torn
        /// The file is sound as far as can be told, but has something that cannot be read or kept here.
        case unsupported
        /// The caller asked for something that does not fit the file.
        case invalid
    }

    package let kind: Kind
    package let operation: String
    package let subject: String
    package let message: String
    /// The system's error number, 0 where none is known.
    package let errno: Int32

    package init(_ kind: Kind, _ operation: String, _ subject: String, _ message: String, errno: Int32 = 0) {
        self.kind = kind
        self.operation = operation
        self.subject = subject
        self.message = message
        self.errno = errno
    }

    /// Whether the file system has no room left.
    package var isDiskFull: Bool { errno == ENOSPC || errno == EDQUOT }

    package var description: String { "\(operation) failed for \"\(subject)\": \(message)" }

    /// The same error as a finding about the whole file.
    func asDamage() -> HDF5Error {
        // A full disk, missing rights or too many open files say nothing about the file.
        errno == 0 && kind == .failed ? HDF5Error(.damaged, operation, subject, message) : self
    }

    /// The last failure of a system call.
    package static func system(_ operation: String, _ subject: String) -> HDF5Error {
        let number = Glibc.errno
        return HDF5Error(.failed, operation, subject, String(cString: strerror(number)), errno: number)
    }
}
