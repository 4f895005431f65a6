import ArgumentParser
import Dispatch
import Foundation
import Logging

/// `holdfast serve`
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server until SIGTERM or SIGINT.",
        discussion: """
            Every setting is a flag or an environment variable, named in brackets; the flag wins. When both doors are open, \
            one line of JSON with their addresses goes to standard output; logs go to standard error.

            Exit codes: 0 done, 2 usage, 3 data directory in use, 4 data damaged, 5 data of a newer version, \
            1 anything else.
            """
    )

    @OptionGroup var options: ServeOptions

    func run() async throws {
        let configuration: ServerConfiguration
        do {
            configuration = try options.configuration(environment: ProcessInfo.processInfo.environment)
        } catch let error as SettingsError {
            throw CommandFailure(code: CommandFailure.usage, message: error.description)
        }
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = configuration.logLevel
            return handler
        }
        try DescriptorLimit.raise()
        let isSecure = configuration.tls != nil
        let server = HoldfastServer(configuration) { tcp, http in
            let training = isSecure ? "tls://\(tcp)" : tcp
            ReadyLine(tcp: training, http: isSecure ? "https://\(http)" : http, data: configuration.data).print()
            let logger = Logger(label: "holdfast")
            logger.info(
                "open",
                metadata: [
                    "dashboard": "\(isSecure ? "https" : "http")://\(http)/", "training": "\(training)",
                    "data": "\(configuration.data)",
                ]
            )
            if configuration.webFolder == nil {
                logger.warning("there is no dashboard: its folder Web was not found; name it with --web")
            }
        }
        try await server.run(onShutdown: Self.endInTime)
    }

    /// Ends the process when a shutdown takes too long: a write of minutes can't be interrupted, and what is not committed
    /// by then counts as not sent, as after any other end.
    @Sendable private static func endInTime() {
        // A queue of its own, since the shared threads may be what is busy.
        let queue = DispatchQueue(label: "holdfast.shutdown", qos: .userInteractive)
        queue.asyncAfter(deadline: .now() + 9.5) {
            Logger(label: "holdfast").warning("the shutdown took too long; what was not committed is not stored")
            _exit(0)
        }
    }
}
