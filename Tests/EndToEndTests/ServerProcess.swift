import Foundation
import Holdfast
import Synchronization

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
    private var process: Process?
    private let arguments: [String]

    /// - Parameter arguments: Further ones of `holdfast serve`.
    init(_ arguments: String...) throws {
        self.arguments = arguments
        data = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString)")
    }

    deinit {
        process?.terminate()
        process?.waitUntilExit()
        try? FileManager.default.removeItem(at: data)
    }

    /// Foundation crashes now and then where several processes are started at once.
    private static let launching = Mutex(())

    /// The folder of the built products, where the test bundle lies too.
    static var products: URL {
        let arguments = CommandLine.arguments
        let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent()
    }

    /// Starts the server, at the address that it had before if it ran before.
    func start() throws {
        let process = Process()
        process.executableURL = Self.products.appendingPathComponent("holdfast")
        process.arguments =
            [
                "serve", "--data", data.path, "--tcp", address.isEmpty ? "127.0.0.1:0" : address, "--http",
                "127.0.0.1:0",
                "--log-level", "warning",
            ] + arguments
        let output = Pipe()
        process.standardOutput = output
        try Self.launching.withLock { _ in try process.run() }
        self.process = process
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let byte = output.fileHandleForReading.readData(ofLength: 1)
            guard !byte.isEmpty else { throw Failure(message: "the server ended before it was ready") }
            line += byte
        }
        address = try JSONDecoder().decode(Ready.self, from: line).tcp
    }

    /// Ends the server as a crash or the kernel would.
    func kill() throws {
        guard let process else { return }
        guard Glibc.kill(process.processIdentifier, SIGKILL) == 0 else { throw Failure(message: "kill failed") }
        process.waitUntilExit()
    }

    /// Runs another program of the package to its end, and gives what it printed.
    static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = products.appendingPathComponent(program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try Self.launching.withLock { _ in try process.run() }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text)
    }
}
