public import ArgumentParser
public import Logging
import Wire

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LabelSettings.SplitKey: ExpressibleByArgument {}

/// The settings of `holdfast serve`: flag before environment variable before default.
struct ServeOptions: ParsableArguments {
    @Option(help: "The data directory; made if it does not exist. [HOLDFAST_DATA] (default: ./holdfast-data)")
    var data: String?
    @Option(
        help: .init(
            "The TCP door; port 0 = any free one. [HOLDFAST_TCP] (default: 127.0.0.1:7411)",
            valueName: "host:port"
        )
    )
    var tcp: String?
    @Option(
        help: .init(
            "The HTTP door; port 0 = any free one. [HOLDFAST_HTTP] (default: 127.0.0.1:7412)",
            valueName: "host:port"
        )
    )
    var http: String?
    @Option(
        help:
            "A PEM file with the server's certificate, and those between it and its authority: both doors then speak TLS. SIGHUP has it read again. [HOLDFAST_TLS_CERT]"
    )
    var tlsCert: String?
    @Option(help: "A PEM file with the certificate's private key, not encrypted. [HOLDFAST_TLS_KEY]")
    var tlsKey: String?
    @Option(
        help: """
            What an acknowledged write survives: full = loss of power, process = the end of the server process. \
            [HOLDFAST_DURABILITY] (default: full)
            """
    )
    var durability: Durability?
    @Option(help: "A file with the token that clients need; HOLDFAST_TOKEN holds a token itself. [HOLDFAST_TOKEN_FILE]")
    var tokenFile: String?
    @Option(
        help: """
            A file with the token for the hold-out: then only its holder may label and measure held-out images, and it opens \
            everything else too; HOLDFAST_HOLDOUT_TOKEN holds one itself. [HOLDFAST_HOLDOUT_TOKEN_FILE]
            """
    )
    var holdoutTokenFile: String?
    @Option(
        parsing: .unconditional,
        help: .init(
            "How often the held-out images may be evaluated, ever. [HOLDFAST_HOLDOUT_LOOKS] (default: without limit)",
            valueName: "number"
        )
    )
    var holdoutLooks: Int?
    @Flag(help: "Listen on other addresses than loopback without a token. [HOLDFAST_INSECURE=1]")
    var insecure = false
    @Option(
        help:
            "A further name under which browsers may address the server; repeatable. [HOLDFAST_ALLOWED_HOST, comma-separated]"
    )
    var allowedHost: [String] = []
    @Option(
        help:
            "The folder of the dashboard's files. [HOLDFAST_WEB] (default: Web beside the executable, in a folder above it or in the current one)"
    )
    var web: String?
    @Option(
        help:
            "The labels, as name[:short],…; fixed when the database is made. [HOLDFAST_LABELS] (default: biopsy_tool:biopsy,mag_view:mag)"
    )
    var labels: String?
    @Option(
        parsing: .unconditional,
        help: .init(
            "Percent of images that are held out; fixed when the database is made. [HOLDFAST_HOLDOUT_PERCENT] (default: 10)",
            valueName: "percent"
        )
    )
    var holdoutPercent: Double?
    @Option(
        parsing: .unconditional,
        help: .init(
            "Percent of the other images that validate; fixed when the database is made. [HOLDFAST_VALIDATION_PERCENT] (default: 20)",
            valueName: "percent"
        )
    )
    var validationPercent: Double?
    @Option(
        parsing: .unconditional,
        help: .init(
            "Seed of the splits; fixed when the database is made. [HOLDFAST_SPLIT_SEED] (default: 42)",
            valueName: "integer"
        )
    )
    var splitSeed: Int64?
    @Option(
        help:
            "What is hashed to split: filename or study; fixed when the database is made. [HOLDFAST_SPLIT_BY] (default: filename)"
    )
    var splitBy: LabelSettings.SplitKey?
    @Option(
        help:
            "The keys that locate variables, as name:type,… with type string, integer or number; fixed when declared. [HOLDFAST_SCHEMA_KEYS]"
    )
    var schemaKeys: String?
    @Option(
        parsing: .unconditional,
        help: .init(
            """
            Seconds in which SIGTERM answers what has arrived; what is late is not stored. A second signal ends at once. \
            [HOLDFAST_SHUTDOWN_DEADLINE] (default: 10)
            """,
            valueName: "seconds"
        )
    )
    var shutdownDeadline: Double?
    @Option(
        parsing: .unconditional,
        help: .init(
            "Seconds from which on a request is logged as slow. [HOLDFAST_SLOW_REQUEST] (default: 1)",
            valueName: "seconds"
        )
    )
    var slowRequest: Double?
    @Option(help: "text, or json: one object a line. [HOLDFAST_LOG_FORMAT] (default: text)")
    var logFormat: LineLogHandler.Format?
    @Option(help: "trace, debug, info, notice, warning, error or critical. [HOLDFAST_LOG_LEVEL] (default: info)")
    var logLevel: Logger.Level?
}
