#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// A training process's line to a Holdfast server.
///
/// ```swift
/// let client = try HoldfastClient(server: "127.0.0.1:7411")
/// let run = try await client.startRun("ppo-7", config: ["lr": 3e-4])
/// run.log("loss", 0.31, step: 1)
/// run.finish(.finished)
/// await client.close()
/// ```
///
/// Log calls put their record into the spool, files that are mapped into memory, and return; from then on it survives the
/// death of the process. A background thread sends batches, and sends them again after a lost connection, until the server
/// has acknowledged them: each is stored exactly once, in order. What a process leaves in the spool is sent by the next one
/// that uses the same folder for the same server, or by `holdfast sync`.
public final class HoldfastClient: Sendable {
    let delivery: Delivery
    /// What this client computes, or has computed and not saved.
    let leases = InvocationLeases()

    /// A client of the server at `host:port`, or over TLS at `tls://host:port`; the connection is made when there is
    /// something to send.
    ///
    /// Over TLS the server's certificate must be valid, name the host, and come from an authority that is trusted:
    /// ``ClientOptions/caFile``.
    ///
    /// - Parameters:
    ///   - server: By default `HOLDFAST_SERVER`, or this machine.
    ///   - token: By default `HOLDFAST_TOKEN`.
    /// - Throws: ``HoldfastError`` with `invalid_address`, or with `tls` when the file of authorities can't be read.
    public init(
        server: String? = nil,
        token: String? = nil,
        options: ClientOptions = ClientOptions()
    ) throws {
        let environment = ProcessInfo.processInfo.environment.filter { !$0.value.isEmpty }
        let address = try ServerAddress(server ?? environment["HOLDFAST_SERVER"] ?? "127.0.0.1:7411")
        delivery = try Delivery(address: address, token: token ?? environment["HOLDFAST_TOKEN"], options: options)
    }

    /// Starts a run with a client of its own; end both with ``ActiveRun/close(_:deadline:)``.
    ///
    /// - Parameters:
    ///   - server: host:port or tls://host:port; by default `HOLDFAST_SERVER`, or this machine.
    ///   - token: By default `HOLDFAST_TOKEN`.
    /// - Throws: As ``startRun(_:config:tags:agentID:workerID:compression:)``.
    public static func initialize(
        run id: String,
        config: JSONValue? = nil,
        tags: [String] = [],
        server: String? = nil,
        token: String? = nil,
        options: ClientOptions = ClientOptions()
    ) async throws -> ActiveRun {
        let client = try HoldfastClient(server: server, token: token, options: options)
        return try await client.startRun(id, config: config, tags: tags)
    }

    /// Starts a run, or resumes the one with this id.
    ///
    /// Waits up to ``ClientOptions/startTimeout`` for the server, so that a refusal shows before training begins. When
    /// no answer comes in that time, or the server refuses the token, which is told at once as a problem, the run goes on and its
    /// records wait in the spool.
    ///
    /// - Parameters:
    ///   - id: 1 to 128 of `A-Z a-z 0-9 . _ -`, the first a letter or digit, no `..`.
    ///   - config: The run's settings, as JSON.
    ///   - compression: Of its arrays: `lzf` (the server's default), `gzip-1` … `gzip-9` or `none`.
    /// - Throws: ``WireError`` when the server refuses; ``HoldfastError`` with `closed`, or with `spool` when records can't be
    ///   kept on disk.
    public func startRun(
        _ id: String,
        config: JSONValue? = nil,
        tags: [String] = [],
        agentID: String? = nil,
        workerID: String? = nil,
        compression: String? = nil
    ) async throws -> ActiveRun {
        try RunID.check(id)
        let start = RunsStart(
            runID: id,
            config: config,
            tags: tags.isEmpty ? nil : tags,
            agentID: agentID,
            workerID: workerID,
            compression: compression
        )
        let answer = Awaited<RunsStart.Result>()
        try delivery.open()
        delivery.enqueue(start) { result in
            if case .failure(let error) = result, error.isRefusalOfClient {
                answer.giveUp()
            } else {
                answer.set(result)
            }
        }
        let result = try await answer.value(within: delivery.options.startTimeout, on: delivery.loop)
        return ActiveRun(start, isResumed: result?.resumed, delivery: delivery)
    }

    /// Logs images to label; a filename that the server has already is skipped there.
    ///
    /// - Parameter images: Each with a filename and at most one of pixels (`image`, such as (H, W), (H, W, 3)) and
    ///   a reference to stored ones (`frameRef`).
    public func insertImages(_ images: [ImagesInsert.Image]) {
        for image in images {
            do {
                delivery.intake.add(try ImageRecord(image), whenFull: delivery.options.stepsWhenFull)
            } catch {
                delivery.reject("image \"\(image.filename.prefix(100))\": \(error)")
            }
        }
    }

    /// Inserts images to label and waits for their ids; images that were logged before go first.
    ///
    /// - Throws: ``WireError`` when the server refuses them, or the token: then they are kept, and sent when it takes it;
    ///   ``HoldfastError`` when they are too large for one request or the client is closed; ``CancellationError``.
    public func insertImagesAndWait(_ images: [ImagesInsert.Image]) async throws -> ImagesInsert.Result {
        try await call(ImagesInsert(images: images))
    }

    /// Calls a method and waits for the answer.
    ///
    /// Reads and small writes have a connection of their own and are tried once; ingest methods (`steps.append`,
    /// `episodes.finish`, `metrics.append`, `images.insert`) go through the spool behind everything logged before, and
    /// are stored exactly once, as soon as the server takes them. One that refuses the token throws, and what was to be stored
    /// is kept and sent when it takes it.
    ///
    /// - Throws: ``WireError`` when the server refuses, ``HoldfastError`` when there was no answer.
    public func call<M: Method>(_ method: M) async throws -> M.Result {
        switch M.effect {
        case .read, .write: try await delivery.calls.call(method)
        case .ingest: try await delivery.deliver(method)
        }
    }

    /// Sends everything at once and waits until the server has acknowledged or rejected all that was logged before.
    ///
    /// - Throws: ``HoldfastError`` with `timeout` when the deadline passes, or `closed`; ``CancellationError``.
    public func flush(deadline: Duration = .seconds(30)) async throws { try await delivery.flush(within: deadline) }

    /// Sends what is there and ends the client; never takes longer than the deadline.
    ///
    /// - Returns: What was not acknowledged by then, and stays in the spool.
    @discardableResult
    public func close(deadline: Duration = .seconds(5)) async -> Unsent { await delivery.close(within: deadline) }

    /// Where the records are, now.
    public var statistics: DeliveryStatistics { delivery.intake.statistics }
}
