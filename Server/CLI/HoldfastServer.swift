import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import UnixSignals
import Wire

/// The one place that puts the server together.
final class HoldfastServer: Sendable {
    let configuration: ServerConfiguration
    let logger = Logger(label: "holdfast")
    private let started = Timestamp.now()
    private let monitor = ServerMonitor()

    private let repairs: any FileRepair
    private let onReady: OpenDoors.Report
    private let services = Mutex<ServiceGroup?>(nil)

    /// - Parameter onReady: Called once when both doors are open, with their addresses.
    init(
        _ configuration: ServerConfiguration,
        repairs: any FileRepair = RepairProcess(),
        onReady: @escaping OpenDoors.Report
    ) {
        self.configuration = configuration
        self.repairs = repairs
        self.onReady = onReady
    }

    /// Ends a running server as SIGTERM does.
    func stop() async { await services.withLock { $0 }?.triggerGracefulShutdown() }

    /// Runs until a signal comes, or a door can't be opened.
    ///
    /// - Parameter onShutdown: Called when the shutdown begins.
    func run(onShutdown: @escaping @Sendable () -> Void = {}) async throws {
        // Until its service listens for it: the signal would end the process.
        if configuration.tls != nil { signal(SIGHUP, SIG_IGN) }
        let directory = try openDirectory()
        try await configuration.checkDoors()
        reportEncryption()
        let arrays = try ArrayStore(directory: directory.arrays, repairs: repairs)
        let (catalog, settings) = try CommandFailure.naming(directory.database) { try openCatalog(directory, arrays) }
        try CommandFailure.naming(directory.database) { try recover(directory, catalog, arrays) }
        let parts = Parts(
            directory: directory,
            catalog: catalog,
            arrays: arrays,
            labels: Labels(
                catalog: catalog,
                arrays: arrays,
                settings: settings,
                holdoutLooks: configuration.holdoutLooks
            ),
            metrics: Metrics(catalog: catalog),
            replay: Replay(catalog: catalog, arrays: arrays, isHeldOut: Labels.isHeldOut),
            provenance: Provenance(
                catalog: catalog,
                arrays: arrays,
                sources: [RunStore.lineageSource] + Replay.lineageSources + Labels.lineageSources
            ),
            logins: Logins(
                gate: makeGate(directory),
                audit: AuditLog(catalog: catalog)
            ),
            readiness: Readiness(writer: catalog.writer, directory: directory),
            databaseID: try catalog.readNow(DatabaseID.read)
        )
        let failure: (any Error)?
        do {
            try CommandFailure.naming(directory.database) { try parts.tokens.load() }
            try configuration.refuseStrangers(needsToken: parts.logins.gate.needsToken)
            let group = try await makeServices(parts, onShutdown)
            services.withLock { $0 = group }
            try await group.run()
            failure = nil
        } catch {
            failure = error
        }
        // What nobody waits for may wait still.
        await catalog.writer.earlierWrites()
        arrays.closeAll()
        close(catalog, arrays)
        if let failure { throw failure }
        logger.info("stopped")
    }

    /// Where sessions can't be stored, they last for as long as this server lives: a full disk must not keep it from reading.
    private func makeGate(_ directory: DataDirectory) -> Gate {
        func gate(_ key: SessionKey, _ ended: EndedSessions) -> Gate {
            Gate(token: configuration.token, holdoutToken: configuration.holdoutToken, sessionKey: key, ended: ended)
        }
        do {
            let key = try SessionKey(directory.sessionKey)
            return gate(key, try EndedSessions(directory.endedSessions, at: Timestamp.now()))
        } catch {
            logger.warning(
                "sessions can't be stored: browsers must log in again now, and after a restart",
                metadata: ["error": "\(error.localizedDescription)"]
            )
            return gate(SessionKey(), EndedSessions())
        }
    }

    /// What fails here, on a full disk, is made up for at the next start.
    private func close(_ catalog: Catalog, _ arrays: ArrayStore) {
        do {
            try markFilesClosed(catalog, arrays)
            try catalog.close()
        } catch {
            logger.warning("the database could not be closed in order", metadata: ["error": "\(error)"])
        }
    }

    private struct Parts {
        let directory: DataDirectory
        let catalog: Catalog
        let arrays: ArrayStore
        let labels: Labels
        let metrics: Metrics
        let replay: Replay
        let provenance: Provenance
        let logins: Logins
        let readiness: Readiness
        let databaseID: String

        var tokens: Tokens { Tokens(catalog: catalog, gate: logins.gate) }
    }

    /// Says until when the certificate is valid, or that there is none where others may listen.
    private func reportEncryption() {
        if let tls = configuration.tls { return tls.report(to: logger) }
        for door in [configuration.tcp, configuration.http] where !door.isLoopback {
            logger.notice(
                "tokens and data cross the network unencrypted, unless a proxy or a VPN does that or --tls-cert is given",
                metadata: ["door": "\(door)"]
            )
        }
    }

    // MARK: Serving

    private func makeServices(
        _ parts: Parts,
        _ onShutdown: @escaping @Sendable () -> Void
    ) async throws -> ServiceGroup {
        var table = MethodTable()
        register(parts, in: &table)
        let limits = socketLimits
        let dispatcher = Dispatcher(table: table, writer: parts.catalog.writer)
        let meters = Meters(methods: table.names.union([Hello.name]))
        let ready = OpenDoors(report: onReady)
        let socket = SocketListener(
            host: configuration.tcp.host,
            port: configuration.tcp.port,
            tls: try configuration.tls.map(TLSLayer.socket),
            dispatcher: dispatcher,
            welcome: Welcome(logins: parts.logins, catalog: parts.catalog, limits: limits.frames),
            limits: limits,
            meters: meters.tcp,
            log: requestLog("tcp"),
            answers: AnswerMemory(maximum: limits.answerMemory),
            logger: Logger(label: "holdfast.tcp"),
            onBound: { await ready.opened(tcp: $0) }
        )
        let http = Application(
            router: makeDoor(parts, dispatcher, meters, limits.frames).makeRouter(),
            server: .door(
                connections: DescriptorLimit.connections.http,
                largestBody: limits.frames.payload,
                traffic: meters.http.traffic,
                tls: configuration.tls.map(TLSLayer.http)
            ),
            configuration: .init(
                address: .hostname(configuration.http.host, port: configuration.http.port),
                backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    DescriptorLimit.connections.http + limits.refusedConnections
                )
            ),
            onServerRunning: { door in
                try? await door.pipeline.addHandler(AcceptPause(), position: .first).get()
                await ready.opened(http: door.localAddress)
            },
            logger: Logger(label: "holdfast.http")
        )
        var lifecycle = Logger(label: "holdfast.services")
        // Below this level it prints the services with all that is in them, the sessions' key too.
        lifecycle.logLevel = max(lifecycle.logLevel, .info)
        var group = ServiceGroupConfiguration(
            services: [
                .init(service: monitor), .init(service: Heartbeats(announcements: parts.catalog.announcements)),
                .init(service: http), .init(service: socket),
                // The last one is told first.
                .init(
                    service: ShutdownNotice {
                        parts.readiness.drain()
                        onShutdown()
                    },
                    successTerminationBehavior: .ignore
                ),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: lifecycle
        )
        if let tls = configuration.tls {
            // From here on, not from when the service runs: the signal would end the process.
            let signals = await UnixSignalsSequence(trapping: .sighup)
            let reload = CertificateReload(identity: tls, signals: signals, logger: logger)
            group.services.insert(.init(service: reload), at: 0)
        }
        group.maximumGracefulShutdownDuration = Duration.seconds(0.9 * configuration.shutdownDeadline)
        return ServiceGroup(configuration: group)
    }

    private var socketLimits: SocketLimits {
        var limits = SocketLimits()
        // The rest is for files: a crowd at the doors must not keep the data from being written.
        limits.connections = DescriptorLimit.connections.tcp
        limits.refusedConnections = DescriptorLimit.connections.refused
        // What is late at a shutdown is cut off in this order: connections, services, the process.
        limits.drainTime = .nanoseconds(Int64(0.8 * configuration.shutdownDeadline * 1e9))
        return limits
    }

    private func register(_ parts: Parts, in table: inout MethodTable) {
        serverMethods(parts).register(in: &table)
        RunMethods(
            catalog: parts.catalog,
            arrays: parts.arrays,
            dependents: [Replay.dependent, parts.metrics.dependent, Labels.dependent, Provenance.dependent]
        ).register(in: &table)
        parts.tokens.register(in: &table)
        parts.logins.audit.register(in: &table)
        parts.replay.register(in: &table)
        parts.provenance.register(in: &table)
        parts.metrics.register(in: &table)
        parts.labels.register(in: &table)
    }

    private func serverMethods(_ parts: Parts) -> ServerMethods {
        ServerMethods(
            catalog: parts.catalog,
            directory: parts.directory,
            started: started,
            resources: { [monitor] in monitor.readings }
        )
    }

    private func makeDoor(
        _ parts: Parts,
        _ dispatcher: Dispatcher,
        _ meters: Meters,
        _ limits: FrameLimits
    ) -> HTTPDoor {
        let pictures = PictureResponse(pictures: Pictures(arrays: parts.arrays))
        return HTTPDoor(
            dispatcher: dispatcher,
            logins: parts.logins,
            readiness: parts.readiness,
            databaseID: parts.databaseID,
            meters: meters,
            log: requestLog("http"),
            limits: limits,
            isSecure: configuration.tls != nil,
            allowedHosts: configuration.allowedHosts + [configuration.http.host],
            webFolder: configuration.webFolder,
            routes: [
                { EventRoutes(announcements: parts.catalog.announcements).add(to: $0) },
                { parts.labels.addRoutes(to: $0, pictures) },
                { parts.replay.addRoutes(to: $0, pictures) },
                { parts.metrics.addRoutes(to: $0) },
                { parts.provenance.addRoutes(to: $0) },
                { [methods = serverMethods(parts)] in
                    MetricsRoute(
                        stats: methods.stats,
                        meters: meters,
                        catalog: parts.catalog,
                        arrays: parts.arrays
                    ).add(to: $0)
                },
            ]
        )
    }

    private func requestLog(_ door: String) -> RequestLog {
        RequestLog(Logger(label: "holdfast.\(door)"), slow: .seconds(configuration.slowRequest))
    }
}

/// Does something as soon as a shutdown begins.
private struct ShutdownNotice: Service {
    let action: @Sendable () -> Void

    func run() async throws {
        try await gracefulShutdown()
        action()
    }
}
