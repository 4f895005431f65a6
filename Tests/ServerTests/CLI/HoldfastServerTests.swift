import Foundation
import HDF5
import Logging
import Testing
import Wire

@testable import Server

struct HoldfastServerTests {
    private func configuration(
        _ path: String,
        change: (inout ServerConfiguration) -> Void = { _ in }
    )
        -> ServerConfiguration
    {
        let anyPort = Endpoint(host: "127.0.0.1", port: 0)
        var configuration = ServerConfiguration(
            data: path,
            tcp: anyPort,
            http: anyPort,
            durability: .process,
            allowedHosts: [],
            logLevel: .error
        )
        change(&configuration)
        return configuration
    }

    /// Starts a server, stops it as soon as its doors are open, and gives where they were.
    @discardableResult
    private func startAndStop(_ configuration: ServerConfiguration) async throws -> (tcp: String, http: String) {
        let (doors, opened) = AsyncStream<(tcp: String, http: String)>.makeStream()
        let server = HoldfastServer(configuration, repairs: RepairHere()) { tcp, http in
            opened.yield((tcp, http))
            opened.finish()
        }
        async let running: Void = {
            defer { opened.finish() }
            try await server.run()
        }()
        var addresses = (tcp: "", http: "")
        for await open in doors {
            addresses = open
            await server.stop()
        }
        try await running
        return addresses
    }

    /// The data of a server as it lies on the disk while that runs: as after a kill.
    private func killed(_ data: TestData) throws -> TemporaryDirectory {
        let copy = try TemporaryDirectory()
        for folder in ["telemetry", "replay"] {
            try FileManager.default.copyItem(atPath: data.directory.file(folder), toPath: copy.file(folder))
        }
        return copy
    }

    @Test func bothDoorsOpenOnFreePortsAndClose() async throws {
        let directory = try TemporaryDirectory()
        let addresses = try await startAndStop(configuration(directory.path))
        for address in [addresses.tcp, addresses.http] {
            #expect(try Endpoint(address).port > 0)
        }
        #expect(addresses.tcp != addresses.http)
        try await startAndStop(configuration(directory.path))
    }

    @Test func aFileLeftOpenIsRepairedAtTheStart() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<5))
        let copy = try killed(data)
        let executor = try HDF5Executor()
        try await startAndStop(configuration(copy.path))
        let again = try TestData(in: copy)
        #expect(try await again.integers("SELECT count(*) FROM runs WHERE file_open = 1") == [0])
        let rows = try await again.catalog.read { try RunStore.committedRows("run", $0) }
        let refs = (0..<5).map { "h5://run/frames/\($0)" }
        #expect(try await again.resolve(refs) == (0..<5).map { try Steps.frame($0) })
        try await again.close()
        // Nothing is left to be done for who opens it next.
        let isClean = try await executor.run { () throws(HDF5Error) in
            let (file, recovery) = try RunFile.open(copy.file("replay/run.h5"), committedRows: rows, on: executor)
            try file.close()
            return recovery.isNothing
        }
        #expect(isClean)
    }

    @Test func rowsThatWereNotCommittedAreCutOff() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<5))
        let copy = try killed(data)
        let before = try TestData(in: copy)
        try before.change("UPDATE runs SET next_row = 3 WHERE run_id = 'run'")
        try before.change("DELETE FROM steps WHERE step_index >= 3")
        try before.catalog.close()
        try await startAndStop(configuration(copy.path))
        let again = try TestData(in: copy)
        let frames = try await again.resolve((0..<5).map { "h5://run/frames/\($0)" })
        #expect(frames == [try Steps.frame(0), try Steps.frame(1), try Steps.frame(2), nil, nil])
        #expect(try await again.append("run", try Steps.of("a", 3..<4)).firstIndex == 3)
    }

    /// The first group that a server writes into an old file may be the one with which it is killed.
    @Test func whatAFirstGroupWroteThatWasNeverCommittedIsCutOff() async throws {
        let first = try TestData()
        try await first.append("run", try Steps.of("a", 0..<3))
        try await first.close()
        let second = try TestData(in: first.directory)
        try await second.append("run", try Steps.of("a", 3..<5))
        let copy = try killed(second)
        let before = try TestData(in: copy)
        try before.change("UPDATE runs SET next_row = 3, file_open = 0 WHERE run_id = 'run'")
        try before.change("DELETE FROM steps WHERE step_index >= 3")
        try before.catalog.close()
        try await startAndStop(configuration(copy.path))
        let again = try TestData(in: copy)
        let frames = try await again.resolve((0..<5).map { "h5://run/frames/\($0)" })
        #expect(frames == [try Steps.frame(0), try Steps.frame(1), try Steps.frame(2), nil, nil])
    }

    /// After a loss of power a length may be there that counts steps which are not, and nothing else of their group.
    @Test func theLengthsOfEpisodesAreThoseOfTheDatabase() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("a", 0..<5))
        try data.change("UPDATE episodes SET steps = 4")
        data.arrays.closeAll()
        try data.catalog.close()
        let copy = try killed(data)
        try await startAndStop(configuration(copy.path))
        let again = try TestData(in: copy)
        #expect(try await again.integers(in: "episodes/lengths", of: "run", count: 1) == [4])
    }

    @Test func aFileThatCantBeRepairedDoesNotStopTheServer() async throws {
        let data = try TestData()
        try await data.append("bad", try Steps.of("a", 0..<2))
        try await data.append("good", try Steps.of("b", 0..<2))
        let copy = try killed(data)
        try copy.write("not HDF5", to: "replay/bad.h5")
        try await startAndStop(configuration(copy.path))
        let again = try TestData(in: copy)
        #expect(try await again.resolve(["h5://good/frames/1"]) == [try Steps.frame(1)])
        let error = try await again.refusal(FramesResolve(refs: ["h5://bad/frames/1"]))
        #expect(error?.kind == .runDamaged)
        #expect(error?.isFinal == false)
    }

    @Test func theLabelSettingsAreFixedByTheFirstStart() async throws {
        let directory = try TemporaryDirectory()
        try await startAndStop(configuration(directory.path) { $0.splitSeed = 7 })
        try await startAndStop(configuration(directory.path))
        let failure = await #expect(throws: CommandFailure.self) {
            try await startAndStop(configuration(directory.path) { $0.splitSeed = 8 })
        }
        #expect(failure?.code == CommandFailure.usage)
        #expect(failure?.message.contains("--split-seed") == true)
    }

    @Test func aDirectoryInUseIsExitCode3() async throws {
        let directory = try TemporaryDirectory()
        let holder = try DataDirectory(directory.path)
        let failure = await #expect(throws: CommandFailure.self) {
            try await startAndStop(configuration(directory.path))
        }
        #expect(failure?.code == CommandFailure.dataInUse)
        withExtendedLifetime(holder) {}
    }

    @Test func aDamagedDatabaseIsExitCode4() async throws {
        let directory = try TemporaryDirectory()
        try await startAndStop(configuration(directory.path))
        let database = URL(fileURLWithPath: DataFolder(directory.path).database)
        var bytes = try Data(contentsOf: database)
        // The list of tables, behind a header that is sound.
        bytes.replaceSubrange(100..<4096, with: repeatElement(0xFF, count: 3996))
        try bytes.write(to: database)
        let failure = await #expect(throws: CommandFailure.self) {
            try await startAndStop(configuration(directory.path))
        }
        #expect(failure?.code == CommandFailure.dataDamaged)
        #expect(failure?.message.contains(".recover") == true, "\(failure?.message ?? "")")
    }

    @Test func whatIsNoDatabaseAtAllIsExitCode4AndNotToBeSalvaged() async throws {
        let directory = try TemporaryDirectory()
        try directory.write(String(repeating: "not SQLite ", count: 1000), to: "telemetry/telemetry.sqlite")
        let failure = await #expect(throws: CommandFailure.self) {
            try await startAndStop(configuration(directory.path))
        }
        #expect(failure?.code == CommandFailure.dataDamaged)
        #expect(failure?.message.contains("is no SQLite database") == true, "\(failure?.message ?? "")")
    }
}
