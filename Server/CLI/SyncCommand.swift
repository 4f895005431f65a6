import ArgumentParser
import Foundation
import Holdfast
import Logging

/// `holdfast sync`
struct SyncCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Send what training processes left in their spool.",
        discussion: """
            A training process that ends, or is killed, before the server has everything leaves the rest in its spool. The \
            next process that uses the same spool sends it; this command does so without one. Nothing is stored twice. What \
            a living process is sending itself is left to it.
            """
    )

    @Argument(help: "The spool's folder. [HOLDFAST_SPOOL] (default: ~/.local/state/holdfast/spool)")
    var directory: String?
    @Option(
        help:
            "HOST:PORT, or tls://HOST:PORT, of the TCP door that everything goes to. [HOLDFAST_SERVER] (default: each spool's own)"
    )
    var server: String?
    @Option(help: "The server's token. [HOLDFAST_TOKEN]")
    var token: String?
    @Option(help: "A PEM file with the authorities to trust at tls://…. [HOLDFAST_CA_FILE] (default: the system's)")
    var caFile: String?
    @Option(parsing: .unconditional, help: "How many seconds it may take.")
    var deadline = 3600

    func run() async throws {
        if let directory, !FileManager.default.fileExists(atPath: directory), !FileManager.default.isBarred(directory) {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "there is no folder \(directory)"
            )
        }
        let environment = ProcessInfo.processInfo.environment
        let server = server ?? environment["HOLDFAST_SERVER"]
        var options = ClientOptions()
        options.caFile = caFile
        options.logger.logLevel = .critical
        options.onProblem = ServerTarget.tell
        let report: HoldfastClient.SyncReport
        do {
            report = try await HoldfastClient.sync(
                directory: directory,
                server: server,
                token: token ?? environment["HOLDFAST_TOKEN"],
                options: options,
                deadline: .seconds(deadline)
            )
        } catch {
            throw CommandFailure(code: CommandFailure.other, message: Self.reason(error, server))
        }
        guard report.found > 0 else {
            print("nothing to send: there is no spool in \(report.directory)")
            return
        }
        print(
            "sent \(Human.plural(report.acknowledged, "record"))\(report.rejected > 0 ? ", \(report.rejected) \(report.rejected == 1 ? "was" : "were") refused" : "")"
        )
        guard report.failures.isEmpty else {
            let reasons = report.failures.map { Self.reason($0.error, $0.server) }
            throw CommandFailure(code: CommandFailure.other, message: reasons.joined(separator: "\n"))
        }
        guard report.damaged == 0 else {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "\(Human.plural(report.damaged, "damaged spool")): what could not be read was set aside as \"damaged-…\""
            )
        }
        guard report.rejected == 0 else {
            // Rows that were refused singly are named in the reasons alone.
            let folder = report.directory + "/rejected"
            let hint =
                FileManager.default.fileExists(atPath: folder)
                ? "; requests that were are in \(folder), with the reasons" : ""
            throw CommandFailure(code: CommandFailure.other, message: "the server refused what is named above\(hint)")
        }
        guard report.unreadable.isEmpty else {
            let reasons = report.unreadable.map { "\($0.spool) can't be read: \($0.error)" }
            throw CommandFailure(code: CommandFailure.other, message: reasons.joined(separator: "\n"))
        }
        guard report.left == 0 else {
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "still there: \(Human.plural(report.left, "spool")), in use by living processes, or not sent in time"
            )
        }
    }

    /// Why nothing was sent to a server.
    private static func reason(_ error: any Error, _ server: String?) -> String {
        let place = server.map { " at \($0)" } ?? ""
        switch error {
        case let error as HoldfastError where error.code == .unreachable:
            return "nothing was sent: \(error.message); start it, or name another with --server"
        case let error as HoldfastError where error.code == .invalidAddress:
            return ServerTarget.blame(error, for: server)
        case let error as HoldfastError where error.code == .protocolViolation:
            return "\(error.message); name the right one with --server"
        case let error as HoldfastError where [.tls, .spool].contains(error.code): return error.message
        case let error as WireError where error.kind == .unauthorized:
            return "sending\(place) failed: \(error); give the server's token with HOLDFAST_TOKEN or --token"
        default: return "sending\(place) failed: \(error)"
        }
    }
}
