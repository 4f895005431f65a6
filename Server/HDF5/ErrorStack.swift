import CHDF5

/// The library's error stack, which is per thread.
enum ErrorStack {
    /// Keeps the library from printing to stderr.
    static func silence() {
        H5Eset_auto2(chdf5_current_errors(), nil, nil)
    }

    /// Takes the description of the innermost failure and clears the stack; left there, it makes the process
    /// complain at exit.
    static func take() -> String {
        var text = ""
        withUnsafeMutablePointer(to: &text) { target in
            _ = H5Ewalk2(
                chdf5_current_errors(),
                H5E_WALK_UPWARD,
                { level, entry, target in
                    if level == 0, let description = entry?.pointee.desc {
                        target?.assumingMemoryBound(to: String.self).pointee = String(cString: description)
                    }
                    return 0
                },
                target
            )
        }
        clear()
        // The library puts ctime's line break into the middle of its texts.
        return text.replacing("\n", with: "")
    }

    static func clear() {
        H5Eclear2(chdf5_current_errors())
    }
}

/// Turns the C convention (negative = failed) into `throw`.
@discardableResult
func check<Result: SignedInteger>(
    _ result: Result,
    _ operation: String,
    _ subject: @autoclosure () -> String
) throws(HDF5Error) -> Result {
    guard result >= 0 else {
        let text = ErrorStack.take()
        let message = text.isEmpty ? "no reason given" : text
        throw HDF5Error(.failed, operation, subject(), message, errno: errorNumber(text))
    }
    return result
}

/// The system's error number in a description of the library: «…, errno = 28, error message = …».
private func errorNumber(_ text: String) -> Int32 {
    guard let range = text.firstRange(of: "errno = ") else { return 0 }
    return Int32(text[range.upperBound...].prefix { $0.isNumber }) ?? 0
}
