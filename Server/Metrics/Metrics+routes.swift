import Hummingbird
import NIOCore
import ServiceLifecycle
import Wire

extension Metrics {
    /// `GET /metrics/rows?table&run_id&cursor`: rows as server-sent events, those that are there and then those that come.
    func addRoutes(to group: RouterGroup<DoorContext>) {
        group.get("/metrics/rows") { request, context in
            let parameters = request.uri.queryParameters
            let known = ServerSentEvent.lastID.flatMap { request.headers[$0] }
            var query = MetricsQuery(
                table: parameters.get("table") ?? MetricTable.training.rawValue,
                runID: parameters.get("run_id"),
                limit: 5000,
                cursor: known ?? parameters.get("cursor"),
                follow: true
            )
            let runID = query.runID
            let changes = catalog.announcements.listen(beginsAtOnce: true).filter { changes in
                changes.isEmpty
                    || changes.contains { $0.topic == .metrics && (runID.map($0.runs.contains) ?? true) }
            }
            // Before the answer begins, so that a bad request gets a proper error.
            let first = try await self.query(query)
            query.cursor = first.cursor
            let start = query
            return ServerSentEvent.response(to: request) { writer in
                var query = start
                var page = first
                for await _ in changes.cancelOnGracefulShutdown() {
                    try context.access.check(.read, for: "/metrics/rows")
                    if page.rows.isEmpty { page = try await self.query(query) }
                    if page.rows.isEmpty { try await writer.write(ServerSentEvent.heartbeat) }
                    while !page.rows.isEmpty {
                        let data = try JSONCoding.encode(page)
                        try await writer.write(ServerSentEvent.bytes("rows", id: page.cursor, data))
                        query.cursor = page.cursor
                        page = try await self.query(query)
                    }
                    try await ContinuousClock().sleep(for: EventRoutes.pause)
                }
            }
        }
    }
}
