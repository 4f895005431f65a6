import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import Wire

@testable import Server

/// Sends requests through the HTTP door's router, without a socket.
struct RouterHarness {
    /// What came back.
    struct Answer {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let body: String

        /// The kind and the message of an error.
        func error() throws -> Members { try JSONCoding.decode(Body.self, from: ByteBuffer(string: body)).error }

        struct Members: Decodable {
            let kind: String
            let message: String
        }

        private struct Body: Decodable {
            let error: Members
        }
    }

    private let responder: any HTTPResponder<DoorContext>

    init(
        _ data: TestData,
        token: String? = nil,
        gate: Gate? = nil,
        allowedHosts: [String] = [],
        webFolder: String? = nil,
        limits: FrameLimits = FrameLimits()
    ) {
        let pictures = PictureResponse(pictures: Pictures(arrays: data.arrays))
        let replay = Replay(catalog: data.catalog, arrays: data.arrays, isHeldOut: Labels.isHeldOut)
        let provenance = Provenance(catalog: data.catalog, arrays: data.arrays, sources: [])
        responder = HTTPDoor(
            dispatcher: data.dispatcher,
            logins: Logins(gate: gate ?? Gate(token: token), audit: AuditLog(catalog: data.catalog)),
            readiness: data.readiness,
            databaseID: "this",
            meters: Meters(methods: data.dispatcher.table.names),
            log: RequestLog(Logger(label: "holdfast.tests"), slow: .seconds(3600)),
            limits: limits,
            isSecure: false,
            allowedHosts: allowedHosts,
            webFolder: webFolder,
            routes: [
                { data.labels.addRoutes(to: $0, pictures) }, { replay.addRoutes(to: $0, pictures) },
                { provenance.addRoutes(to: $0) },
            ]
        ).makeRouter().buildResponder()
    }

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        host: String? = "localhost:7412",
        headers: HTTPFields = [:],
        body: String = ""
    ) async throws -> Answer {
        let head = HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: headers)
        let request = Hummingbird.Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
        let channel = NIOAsyncTestingChannel()
        let source = ApplicationRequestContextSource(
            channel: channel,
            logger: Logger(label: "holdfast.tests")
        )
        let response = try await responder.respond(to: request, context: DoorContext(source: source))
        let collector = Collector()
        try await response.body.write(collector)
        // An open channel and its pipeline hold each other.
        _ = try await channel.finish()
        return Answer(
            status: response.head.status,
            headers: response.head.headerFields,
            body: String(buffer: collector.body.value)
        )
    }

    /// A call of a method.
    func rpc(_ payload: String, headers: HTTPFields = [:]) async throws -> Answer {
        var headers = headers
        headers[.contentType] = headers[.contentType] ?? "application/json"
        return try await send(.post, "/rpc", headers: headers, body: payload)
    }

    private struct Collector: ResponseBodyWriter {
        let body = Locked(ByteBuffer())

        mutating func write(_ buffer: ByteBuffer) async throws { body.change { _ = $0.writeImmutableBuffer(buffer) } }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
