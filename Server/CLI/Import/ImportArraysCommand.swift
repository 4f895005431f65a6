import ArgumentParser
import Foundation
import HDF5
import Holdfast
import Logging

/// `holdfast import`
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring an HDF5 file or a folder of PNG pictures into a server or a data directory.",
        discussion: """
            A folder becomes images to label: every PNG in it and below, named by its path, its study the folder it is in. \
            An HDF5 file in the layout of Holdfast's run files becomes a run with its episodes and steps. Of any other \
            HDF5 file each dataset of pictures (rows of 2 to 4 dimensions) becomes images to label; with --dataset only \
            that one. Importing the same again adds nothing twice.
            """
    )

    @Argument(help: "An HDF5 file, or a folder of PNG files.")
    var source: String
    @Option(help: "HOST:PORT of a running server's TCP door. [HOLDFAST_SERVER] (default: 127.0.0.1:7411)")
    var server: String?
    @Option(help: "A data directory that no server is using.")
    var data: String?
    @Option(help: "The token of the running server. [HOLDFAST_TOKEN]")
    var token: String?
    @Option(help: "The dataset of an HDF5 file whose rows become images, such as frames.")
    var dataset: String?
    @Option(help: "The id of the run that is made. (default: what the file says, or its name)")
    var run: String?
    @Option(help: "The study of the images. (default: their folder, or the file's name)")
    var study: String?

    func validate() throws {
        guard data == nil || server == nil else { throw ValidationError("--data and --server exclude each other") }
    }

    func run() async throws {
        let source = try openSource()
        guard let data else {
            let environment = ProcessInfo.processInfo.environment
            return try await send(
                source,
                server: server ?? environment["HOLDFAST_SERVER"] ?? "127.0.0.1:7411",
                token: token ?? environment["HOLDFAST_TOKEN"]
            )
        }
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = .error
            return handler
        }
        try await EmbeddedServer.run(data: data) { server, token in
            try await send(source, server: server, token: token)
        }
    }

    private func openSource() throws -> any ImportSource {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: source, isDirectory: &isFolder) else {
            throw CommandFailure(code: CommandFailure.other, message: "\(source) does not exist")
        }
        do {
            if isFolder.boolValue { return try PictureFolder(source, study: study) }
            if source.lowercased().hasSuffix(".png") {
                throw CommandFailure(
                    code: CommandFailure.other,
                    message: "\(source) is one picture; give the folder it is in"
                )
            }
            let file = try ArrayFile(source)
            if dataset == nil, file.isRunFile { return try RecordedRun(file, runID: run) }
            return try PictureDatasets(file, dataset: dataset, study: study)
        } catch let error as HDF5Error {
            throw CommandFailure(code: CommandFailure.other, message: "\(source) can't be read: \(error)")
        }
    }

    private func send(_ source: any ImportSource, server: String, token: String?) async throws {
        let client: HoldfastClient
        do {
            client = try HoldfastClient(server: server, token: token)
        } catch {
            throw CommandFailure(code: CommandFailure.usage, message: "--server \(server): \(error)")
        }
        do {
            // Says soon and clearly when there is no server, where the import itself would try again for ever.
            _ = try await client.call(ServerPing())
            let summary = try await source.send(to: client)
            await client.close()
            print(summary)
        } catch let failure as CommandFailure {
            await client.close()
            throw failure
        } catch let error as HoldfastError where error.code == .protocolViolation {
            await client.close()
            throw CommandFailure(
                code: CommandFailure.other,
                message:
                    "\(server) does not speak the protocol; is it the HTTP door? Training code and imports use the other one, 7411 by default"
            )
        } catch let error as HoldfastError where error.code == .unreachable {
            await client.close()
            throw CommandFailure(
                code: CommandFailure.other,
                message: "there is no server at \(server); start one with \"holdfast serve\", or import with --data DIR"
            )
        } catch {
            await client.close()
            throw CommandFailure(code: CommandFailure.other, message: "importing \(self.source) failed: \(error)")
        }
    }
}

/// Something that can be imported.
protocol ImportSource: Sendable {
    /// Sends everything and says in one sentence what became of it.
    func send(to client: HoldfastClient) async throws -> String
}
