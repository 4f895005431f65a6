import Hummingbird
import NIOCore
import Wire

/// `GET /metrics`: the server's own health, as Prometheus reads it.
struct MetricsRoute: Sendable {
    let stats: @Sendable () async throws -> ServerStats.Result
    let meters: Meters
    let catalog: Catalog
    let arrays: ArrayStore

    func add(to group: RouterGroup<DoorContext>) {
        group.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text(try await stats())))
            )
        }
    }

    func text(_ stats: ServerStats.Result) -> String {
        var text = PrometheusText()
        addContents(stats, to: &text)
        addRequests(to: &text)
        addRoutes(to: &text)
        addDoors(to: &text)
        addStorage(stats, to: &text)
        addProcess(stats, to: &text)
        return text.text
    }

    private func addContents(_ stats: ServerStats.Result, to text: inout PrometheusText) {
        text.single("holdfast_runs", .gauge, "Runs.", Double(stats.runs))
        text.single("holdfast_steps", .gauge, "Steps of all runs.", Double(stats.steps))
        text.single("holdfast_episodes", .gauge, "Episodes of all runs.", Double(stats.episodes))
        text.single("holdfast_images", .gauge, "Images to label.", Double(stats.images))
        text.single("holdfast_metrics", .gauge, "Rows of the metric tables.", Double(stats.metrics))
    }

    /// Methods that nobody has called are left out.
    private func addRequests(to text: inout PrometheusText) {
        let called = meters.doors.flatMap { name, door in
            door.requests.series.sorted { $0.key < $1.key }.filter { $0.value.durations.count > 0 }
                .map { (door: name, method: $0.key, series: $0.value) }
        }
        var name = "holdfast_requests_total"
        text.family(name, .counter, "Requests that were answered, by door and method.")
        for (door, method, series) in called {
            text.sample(name, ["door": door, "method": method], Double(series.durations.count))
        }
        name = "holdfast_request_errors_total"
        text.family(name, .counter, "Requests that were refused, by door, method and the error's name.")
        for (door, method, series) in called {
            for (error, count) in series.errors.sorted(by: { $0.key < $1.key }) {
                text.sample(name, ["door": door, "method": method, "error": error], Double(count))
            }
        }
        name = "holdfast_request_duration_seconds"
        text.family(name, .histogram, "From a request's arrival to its answer, by door and method.")
        for (door, method, series) in called {
            text.histogram(name, ("door", door), ("method", method), of: series.durations)
        }
    }

    private func addRoutes(to text: inout PrometheusText) {
        let routes = meters.routes.series.sorted { $0.key < $1.key }
        var name = "holdfast_http_responses_total"
        text.family(name, .counter, "Answers of the HTTP door, by route and the class of their status.")
        for (route, series) in routes {
            for (hundreds, answers) in series.answers.enumerated() where answers.count > 0 {
                text.sample(name, ["route": route, "status": "\(hundreds)xx"], Double(answers.count))
            }
        }
        name = "holdfast_http_request_duration_seconds"
        text.family(name, .histogram, "From a request of the HTTP door to the beginning of its answer, by route.")
        for (route, series) in routes where series.durations.count > 0 {
            text.histogram(name, ("route", route), of: series.durations)
        }
    }

    private func addDoors(to text: inout PrometheusText) {
        let families: [(String, PrometheusText.Kind, String, KeyPath<Traffic, Tally>)] = [
            ("holdfast_connections", .gauge, "Connections that are open.", \.open),
            ("holdfast_connections_total", .counter, "Connections that were accepted.", \.accepted),
            ("holdfast_received_bytes_total", .counter, "Bytes that came; of HTTP, those of bodies.", \.received),
            ("holdfast_sent_bytes_total", .counter, "Bytes that were sent; of HTTP, those of bodies.", \.sent),
        ]
        for (name, kind, help, part) in families {
            text.family(name, kind, help)
            for (door, meter) in meters.doors {
                text.sample(name, ["door": door], Double(meter.traffic[keyPath: part].count))
            }
        }
    }

    private func addStorage(_ stats: ServerStats.Result, to text: inout PrometheusText) {
        let commits = catalog.writer.meter
        text.single("holdfast_queue_depth", .gauge, "Writes that wait for the next commit.", Double(stats.queueDepth))
        text.family("holdfast_commit_duration_seconds", .histogram, "How long commits took, arrays and syncs included.")
        text.histogram("holdfast_commit_duration_seconds", of: commits.durations)
        for (name, help, tally) in [
            ("holdfast_committed_writes_total", "Writes in those commits.", commits.writes),
            ("holdfast_commit_failures_total", "Commits that failed.", commits.failures),
        ] {
            text.single(name, .counter, help, Double(tally.count))
        }
        text.single("holdfast_database_bytes", .gauge, "Size of the database.", Double(stats.databaseBytes))
        text.single(
            "holdfast_wal_bytes",
            .gauge,
            "Size of the write-ahead log.",
            Double(catalog.writeAheadLogBytes)
        )
        text.single("holdfast_disk_free_bytes", .gauge, "Free bytes where the data are.", Double(stats.diskFreeBytes))
        text.single("holdfast_open_array_files", .gauge, "HDF5 files that are open.", Double(arrays.open.count))
    }

    private func addProcess(_ stats: ServerStats.Result, to text: inout PrometheusText) {
        let process = ProcessReading()
        text.single("holdfast_uptime_seconds", .gauge, "Seconds since the start.", stats.uptime)
        text.single("process_cpu_seconds_total", .counter, "CPU time of the server, in seconds.", process.cpuSeconds)
        text.single(
            "process_start_time_seconds",
            .gauge,
            "When the server was started, in UNIX seconds.",
            Timestamp.now() - stats.uptime
        )
        let gauges: [(String, String, Int?)] = [
            ("process_resident_memory_bytes", "Memory in use.", process.residentBytes),
            ("process_open_fds", "Descriptors that are open.", process.openDescriptors),
            ("process_max_fds", "Descriptors that may be open.", process.mostDescriptors),
        ]
        for (name, help, value) in gauges {
            if let value { text.single(name, .gauge, help, Double(value)) }
        }
        guard !stats.resources.isEmpty else { return }
        text.family("holdfast_resource", .gauge, "What the server and its machine use.")
        for reading in stats.resources {
            text.sample(
                "holdfast_resource",
                ["type": reading.metricType, "name": reading.metricName, "unit": reading.unit],
                reading.value
            )
        }
    }
}
