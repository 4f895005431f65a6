import Hummingbird
import NIOCore
import Wire

/// `GET /metrics`: the server's own health, as Prometheus reads it.
struct MetricsRoute: Sendable {
    let stats: @Sendable () async throws -> ServerStats.Result

    func add(to group: RouterGroup<DoorContext>) {
        group.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: Self.text(try await stats())))
            )
        }
    }

    static func text(_ stats: ServerStats.Result) -> String {
        var text = ""
        func add(_ name: String, _ help: String, _ value: some CustomStringConvertible) {
            text += "# HELP holdfast_\(name) \(help)\n# TYPE holdfast_\(name) gauge\nholdfast_\(name) \(value)\n"
        }
        add("uptime_seconds", "Seconds since the start.", stats.uptime)
        add("runs", "Runs.", stats.runs)
        add("steps", "Steps of all runs.", stats.steps)
        add("episodes", "Episodes of all runs.", stats.episodes)
        add("images", "Images to label.", stats.images)
        add("metrics", "Rows of the metric tables.", stats.metrics)
        add("queue_depth", "Writes that wait for the next commit.", stats.queueDepth)
        add("database_bytes", "Size of the database.", stats.databaseBytes)
        add("disk_free_bytes", "Free bytes where the data are.", stats.diskFreeBytes)
        guard !stats.resources.isEmpty else { return text }
        text += "# HELP holdfast_resource What the server and its machine use.\n# TYPE holdfast_resource gauge\n"
        for reading in stats.resources {
            let labels = "type=\"\(reading.metricType)\",name=\"\(reading.metricName)\",unit=\"\(reading.unit)\""
            text += "holdfast_resource{\(labels)} \(reading.value)\n"
        }
        return text
    }
}
