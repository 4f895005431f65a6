/// Why a source can't be hashed, in the form in which compilers tell it.
struct SourceError: Error, CustomStringConvertible {
    let file: String
    let line: Int
    let message: String

    var description: String { "\(file):\(line): error: \(message)" }
}
