import ArgumentParser
import Foundation
import NIOCore
import Wire

/// `holdfast doctor`
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what is well with a data directory and its machine, and what isn't.",
        discussion: """
            Only reads, whether a server is using the directory or not: permissions, the disk, the database page by page, its \
            schema, the array files against the database, what interrupted work has left, limits, the clock, versions and \
            settings. Run it as the server's user. "holdfast verify" decompresses every array as well.

            Exit codes: 0 all is well, 1 there are warnings, 2 there are errors.
            """
    )

    @Argument(help: "The data directory. [HOLDFAST_DATA] (default: ./holdfast-data)")
    var data: String?
    @Flag(help: "Print one JSON object: data, level, and findings with level, subject, message and remedy.")
    var json = false

    private struct Report: Encodable {
        let data: String
        let level: Finding.Level
        let findings: [Finding]
    }

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let data = data ?? environment["HOLDFAST_DATA"] ?? "holdfast-data"
        let findings = Examination(folder: DataFolder(data), environment: environment).findings()
        let worst = findings.map(\.level).max() ?? .ok
        if json {
            print(String(buffer: try JSONCoding.encode(Report(data: data, level: worst, findings: findings))))
        } else {
            for finding in findings { print(finding.text) }
        }
        if worst != .ok { throw ExitCode(worst.exitCode) }
    }
}
