import ArgumentParser
import Foundation
import Holdfast
import Logging

/// Where a command works: a running server, or a data directory that none is using.
struct ServerTarget: ParsableArguments {
    @Option(
        help:
            "HOST:PORT of a running server's TCP door, or tls://HOST:PORT. [HOLDFAST_SERVER] (default: 127.0.0.1:7411)"
    )
    var server: String?
    @Option(help: "A data directory that no server is using.")
    var data: String?
    @Option(help: "The token of the running server. [HOLDFAST_TOKEN]")
    var token: String?
    @Option(help: "A PEM file with the authorities to trust at tls://…. [HOLDFAST_CA_FILE] (default: the system's)")
    var caFile: String?

    func validate() throws {
        guard data == nil || server == nil else { throw ValidationError("--data and --server exclude each other") }
    }

    /// Imports with a client and prints the job's summary.
    func run(importing source: String, _ job: @escaping @Sendable (HoldfastClient) async throws -> String) async throws
    {
        let isNew = data.map { !FileManager.default.fileExists(atPath: DataFolder($0).database) } ?? false
        try await run(doing: "importing \(source)", makesData: true, job)
        // A misspelt name would pass for the directory that was meant.
        if isNew, let data { print("made the data directory \(data)") }
    }

    /// Does a job with a client and prints its summary.
    ///
    /// - Parameters:
    ///   - task: What it is, as a failure calls it.
    ///   - patience: How long one answer may take.
    ///   - makesData: Whether a data directory that isn't there is made. What only works on data that are there would find an
    ///     empty one well, wherever a name was mistyped.
    func run(
        doing task: String,
        patience: Duration = .seconds(30),
        makesData: Bool = false,
        _ job: @escaping @Sendable (HoldfastClient) async throws -> String
    ) async throws {
        guard let data else {
            return try await Self.run(
                doing: task,
                patience: patience,
                server: Self.address(server),
                token: token,
                caFile: caFile,
                job
            )
        }
        let database = DataFolder(data).database
        guard makesData || FileManager.default.fileExists(atPath: database) else {
            throw CommandFailure.noDatabase(database, in: data)
        }
        LineLogHandler.start(.error)
        do {
            try await EmbeddedServer.run(data: data) { server, token in
                try await Self.run(
                    doing: task,
                    patience: patience,
                    server: server,
                    token: token,
                    caFile: nil,
                    job
                )
            }
        } catch let failure as CommandFailure where failure.code == CommandFailure.dataInUse {
            throw CommandFailure(
                code: failure.code,
                message: "\(failure.message), or give its address with --server instead of --data"
            )
        }
    }

    /// The address of the TCP door: the option's, or the environment's.
    static func address(_ option: String?) -> String {
        let variable = ProcessInfo.processInfo.environment["HOLDFAST_SERVER"] ?? ""
        return option ?? (variable.isEmpty ? "127.0.0.1:7411" : variable)
    }

    /// What is said of an address that is none: with the variable, where that has it.
    static func blame(_ error: HoldfastError, for server: String?) -> String {
        let variable = ProcessInfo.processInfo.environment["HOLDFAST_SERVER"]
        return (server != nil && server == variable ? "HOLDFAST_SERVER: " : "") + error.message
    }

    private static func run(
        doing task: String,
        patience: Duration,
        server: String,
        token: String?,
        caFile: String?,
        _ job: @escaping @Sendable (HoldfastClient) async throws -> String
    ) async throws {
        // An import that is cut short is begun again, so nobody would want to find its records later.
        let spool = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: spool) }
        var options = ClientOptions()
        options.spoolDirectory = spool
        options.requestTimeout = patience
        options.caFile = caFile
        // The client would wait for a token that allows it, as training does.
        let (refusals, refuse) = AsyncStream.makeStream(of: WireError.self)
        options.logger.logLevel = .critical
        options.onProblem = { problem in
            if let error = problem.error, error.kind == .forbidden { refuse.yield(error) } else { tell(problem) }
        }
        let client: HoldfastClient
        do {
            client = try HoldfastClient(server: server, token: token, options: options)
        } catch let error as HoldfastError where error.code == .tls {
            throw CommandFailure(code: CommandFailure.usage, message: error.message)
        } catch let error as HoldfastError where error.code == .invalidAddress {
            throw CommandFailure(code: CommandFailure.usage, message: blame(error, for: server))
        }
        do {
            // Says soon and clearly when there is no server, where the import itself would try again for ever.
            _ = try await client.call(ServerPing())
            let isDone = Latch()
            let summary = try await withThrowingTaskGroup(of: String.self) { group in
                group.addTask {
                    let summary = try await job(client)
                    isDone.set()
                    return summary
                }
                group.addTask {
                    for await refusal in refusals {
                        await client.close(deadline: .zero)
                        throw refusal
                    }
                    // Whoever is cancelled waits for no server.
                    if !isDone.isSet { await client.close(deadline: .zero) }
                    throw CancellationError()
                }
                defer { group.cancelAll() }
                do {
                    return try await group.next() ?? ""
                } catch let error as HoldfastError where error.code == .closed {
                    // The other task closed the client, and says why.
                    return try await group.next() ?? ""
                }
            }
            await client.close()
            print(summary)
        } catch {
            await client.close()
            throw failure(error, task)
        }
    }

    /// Says on standard error what is in the way of delivery, once for each time that it is told.
    static func tell(_ problem: DeliveryProblem) {
        FileHandle.standardError.write(Data("holdfast: \(problem.message)\n".utf8))
    }

    private static func failure(_ error: any Error, _ task: String) -> CommandFailure {
        let message: String
        switch error {
        case let failure as CommandFailure: return failure
        case let error as HoldfastError where error.code == .unreachable:
            message =
                "\(error.message); start one with \"holdfast serve\", or name a data directory with --data DIR"
        case let error as HoldfastError where [.tls, .protocolViolation].contains(error.code): message = error.message
        case let error as WireError where error.kind == .unauthorized:
            message = "\(task) failed: \(error.message); give the server's token with HOLDFAST_TOKEN or --token"
        case let error as WireError:
            // It speaks to who writes requests: whoever types commands has seen no params.
            message = "\(task) failed: \(error.message.replacing("params.", with: ""))"
        case let error as HoldfastError: message = "\(task) failed: \(error.message)"
        default: message = "\(task) failed: \(error)"
        }
        return CommandFailure(code: CommandFailure.other, message: message)
    }
}
