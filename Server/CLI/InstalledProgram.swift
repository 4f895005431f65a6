import Foundation

/// Another program that a command needs.
struct InstalledProgram: Sendable {
    let url: URL

    /// Looks for it in PATH.
    ///
    /// - Parameter package: What has to be installed where it is missing.
    init(_ name: String, package: String) throws {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        guard
            let path = folders.map({ "\($0)/\(name)" })
                .first(where: { FileManager.default.isExecutableFile(atPath: $0) })
        else {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(name) is not installed; apt-get install \(package)"
            )
        }
        url = URL(fileURLWithPath: path)
    }
}
