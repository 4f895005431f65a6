import Foundation
import NIOCore

/// A file, or standard output; a file appears under its name when it is complete.
struct FileSink {
    private let path: String?
    private let handle: FileHandle

    init(_ path: String?) throws {
        self.path = path
        guard let path else {
            handle = .standardOutput
            return
        }
        try OutputFile.check(path)
        guard FileManager.default.createFile(atPath: path + ".part", contents: nil),
            let handle = FileHandle(forWritingAtPath: path + ".part")
        else { throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be written") }
        self.handle = handle
    }

    func write(_ bytes: ByteBuffer) throws {
        do {
            try handle.write(contentsOf: Data(bytes.readableBytesView))
        } catch {
            throw CommandFailure(code: CommandFailure.other, message: "writing failed: \(error.localizedDescription)")
        }
    }

    func close() throws {
        guard let path else { return }
        try handle.close()
        guard unsafe rename(path + ".part", path) == 0 else {
            throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be replaced")
        }
    }
}
