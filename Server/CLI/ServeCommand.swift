import ArgumentParser
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
        let environment = ProcessInfo.processInfo.environment
        let configuration = try options.configuration(environment: environment)
        LineLogHandler.start(configuration.logLevel, configuration.logFormat)
        for name in ServeOptions.unknownVariables(in: environment) {
            Logger(label: "holdfast").warning(
                "a variable of the environment is not a setting; is its name misspelt?",
                metadata: ["variable": "\(name)"]
            )
        }
        try DescriptorLimit.raise()
        Heap.separateLargeBlocks()
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
        try await server.run { ShutdownTimer.start(deadline: configuration.shutdownDeadline) }
    }
}
