import Foundation
import Holdfast

/// A `holdfast serve` of its own, on a data directory of its own.
final class ServerProcess {
    struct Failure: Error {
        let message: String
    }

    private struct Ready: Decodable {
        let tcp: String
    }

    let data: URL
    private(set) var address = ""
    private var process: ChildProcess?
    private var output: FileHandle?
    private let arguments: [String]

    /// - Parameter arguments: Further ones of `holdfast serve`.
    init(_ arguments: String...) throws {
        self.arguments = arguments
        data = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString)")
    }

    deinit {
        process?.send(SIGTERM)
        _ = process?.wait()
        try? FileManager.default.removeItem(at: data)
    }

    /// The folder of the built products, where the test bundle lies too.
    static var products: URL {
        let arguments = CommandLine.arguments
        let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent()
    }

    /// Starts the server, at the address that it had before if it ran before.
    func start() throws {
        let arguments =
            [
                "serve", "--data", data.path, "--tcp", address.isEmpty ? "127.0.0.1:0" : address, "--http",
                "127.0.0.1:0",
                "--log-level", "warning",
            ] + arguments
        let (process, output) = try Self.start("holdfast", arguments)
        self.process = process
        self.output = output
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let byte = output.readData(ofLength: 1)
            guard !byte.isEmpty else { throw Failure(message: "the server ended before it was ready") }
            line += byte
        }
        address = try JSONDecoder().decode(Ready.self, from: line).tcp
    }

    /// Ends the server as a crash or the kernel would.
    func kill() {
        process?.send(SIGKILL)
        _ = process?.wait()
        process = nil
    }

    /// Runs another program of the package to its end, and gives what it printed.
    static func run(_ program: String, _ arguments: [String]) throws -> (end: ChildProcess.End?, output: String) {
        let (process, output) = try start(program, arguments)
        let text = String(decoding: output.readDataToEndOfFile(), as: UTF8.self)
        return (process.wait(), text)
    }

    private static func start(_ program: String, _ arguments: [String]) throws -> (ChildProcess, FileHandle) {
        guard let (end, theirs) = ChildProcess.connectedSockets() else { throw Failure(message: "no sockets") }
        defer { close(theirs) }
        let output = FileHandle(fileDescriptor: end, closeOnDealloc: true)
        return (try ChildProcess(products.appendingPathComponent(program).path, arguments, output: theirs), output)
    }
}
