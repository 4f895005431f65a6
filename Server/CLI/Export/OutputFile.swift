import Foundation

/// A file that a command writes.
enum OutputFile {
    /// Refuses, before the work is done, a file that could not be written.
    static func check(_ path: String) throws {
        guard !path.isEmpty else { throw failure("the name of the file to write is empty") }
        var isFolder: ObjCBool = false
        if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            throw failure("\(path) is a folder; name a file")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard unsafe access(folder, W_OK | X_OK) == 0 else {
            throw failure("\(path) can't be written: \(folder): \(unsafe String(cString: strerror(errno)))")
        }
    }

    private static func failure(_ message: String) -> CommandFailure {
        CommandFailure(code: CommandFailure.other, message: message)
    }
}
