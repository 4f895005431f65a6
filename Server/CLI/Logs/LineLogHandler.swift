import ArgumentParser
import Logging

#if canImport(Glibc)
import Glibc
#endif

/// Writes each log message as a line to standard error.
struct LineLogHandler: LogHandler {
    enum Format: String, CaseIterable, ExpressibleByArgument {
        case text
        case json
    }

    let label: String
    let format: Format
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    /// Makes it the handler of all loggers of this process.
    static func start(_ level: Logger.Level, _ format: Format = .text) {
        LoggingSystem.bootstrap { LineLogHandler(label: $0, format: format, logLevel: level) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        let line = LogLine(
            time: Timestamp.now(),
            level: event.level,
            label: label,
            message: event.message.description,
            metadata: all
        )
        Self.write((format == .text ? line.text : line.json) + "\n")
    }

    /// In one call, so that the lines of several threads do not mix; what can't be written, on a full disk, is lost.
    private static func write(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            var done = 0
            while done < bytes.count {
                guard let start = bytes.baseAddress else { return }
                let count = unsafe Glibc.write(STDERR_FILENO, start + done, bytes.count - done)
                if count < 0, errno != EINTR { return }
                done += max(0, count)
            }
        }
    }
}
