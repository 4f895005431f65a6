import NIOCore
import Testing
import Wire

@testable import Server

struct MethodTableTests {
    @Test func everyDeclaredMethodButHelloHasAHandlerAndNothingElseHas() throws {
        let declared = Set(Methods.all.map { $0.name }).subtracting([Hello.name])
        #expect(try TestData().dispatcher.table.names == declared)
        #expect(declared.count == Methods.all.count - 1)
    }

    @Test func handlersAreOfTheDeclaredEffect() throws {
        let table = try TestData().dispatcher.table
        for method in Methods.all where method.name != Hello.name {
            switch try #require(table[method.name]) {
            case .read: #expect(method.effect == .read, "\(method.name)")
            case .write: #expect(method.effect != .read, "\(method.name)")
            }
        }
    }

    @Test func anUnknownMethodIsNamedInTheError() async throws {
        guard case .failure(let error) = try await TestData().answer("runs.stop", "{}") else {
            Issue.record("runs.stop was not refused")
            return
        }
        #expect(error.kind == .methodNotFound)
        #expect(error.code == -32601)
        #expect(error.message.contains("runs.stop"))
    }

    /// A bound that is passed over because its name is misspelt would have all deleted.
    @Test(arguments: [
        ("runs.delete", #"{"run_id":"a","dry_run":true}"#, "dry_run"), ("metrics.prune", #"{"run":"a"}"#, "run"),
        ("variables.delete", #"{"variable":"Raw","verison":"x"}"#, "verison"),
        ("variables.collect", #"{"dryrun":true}"#, "dryrun"),
    ])
    func whatDeletesRefusesParametersThatItDoesNotKnow(method: String, params: String, name: String) async throws {
        guard case .failure(let error) = try await TestData().answer(method, params) else {
            Issue.record("\(method) took \(params)")
            return
        }
        #expect(error.kind == .invalidParams)
        #expect(error.message.hasPrefix("\(method) has no parameter \"\(name)\"; there are "), "\(error.message)")
    }

    @Test(arguments: Methods.all.filter { $0.effect == .ingest }.map { $0.name })
    func ingestMethodsDemandAStamp(method: String) async throws {
        let data = try TestData()
        for params in ["{}", #"{"producer":"p"}"#, #"{"seq":1}"#] {
            guard case .failure(let error) = try await data.answer(method, params) else {
                Issue.record("\(method) took \(params)")
                continue
            }
            #expect(error.kind == .invalidParams)
            #expect(error.message.contains("producer") && error.message.contains("seq"))
        }
        #expect(try await data.integers("SELECT count(*) FROM producers") == [0])
    }

    @Test(arguments: [
        #""producer":"\#(TestData.producer)""#, #""seq":1"#, #""producer":"\#(TestData.producer)","seq":0"#,
        #""producer":"\#(TestData.producer)","seq":-1"#, #""producer":"\#(TestData.producer)","seq":1.5"#,
        #""producer":"\#(TestData.producer)","seq":"1""#, #""producer":7,"seq":1"#, #""producer":"","seq":1"#,
        #""producer":"p","seq":1"#, #""producer":"\#(TestData.producer)","seq":9223372036854775808"#,
    ])
    func aWriteWithABadStampIsRefusedAndNothingIsStored(stamp: String) async throws {
        let data = try TestData()
        guard case .failure(let error) = try await data.answer("runs.start", #"{"run_id":"a",\#(stamp)}"#) else {
            Issue.record("runs.start took \(stamp)")
            return
        }
        #expect(error.kind == .invalidParams)
        #expect(error.isFinal)
        #expect(try await data.integers("SELECT count(*) FROM runs WHERE run_id = 'a'") == [0])
        #expect(try await data.integers("SELECT count(*) FROM producers") == [0])
    }

    @Test(arguments: [
        "123e4567-e89b-42d3-a456-426614174000", "123E4567-E89B-42D3-A456-426614174000",
        "123e4567e89b42d3a456426614174000",
    ])
    func producersAreUUIDsInOneSpelling(producer: String) throws {
        #expect(try MethodTable.producer(producer) == "123e4567-e89b-42d3-a456-426614174000")
    }

    @Test(arguments: [
        "", "p", "123e4567-e89b-42d3-a456-42661417400", "123e4567-e89b-42d3-a456-4266141740000",
        "123e4567-e89b-42d3-a456-42661417400g", "123e4567-e89b-42d3-a456-42661417400é",
        " 123e4567e89b42d3a456426614174000", "{123e4567-e89b-42d3-a456-426614174000}",
        "123e4567e-89b-42d3-a456-426614174000", "123e4567-e89b42d3-a456-4266-14174000",
    ])
    func otherTextsAreNoProducers(producer: String) {
        #expect(throws: WireError.self) { try MethodTable.producer(producer) }
    }

    @Test func parametersThatDoNotDecodeNameTheField() async throws {
        guard case .failure(let error) = try await TestData().answer("runs.get", #"{"run_id":7}"#) else {
            Issue.record("runs.get took a number as run_id")
            return
        }
        #expect(error.kind == .invalidParams)
        #expect(error.message.contains("run_id"))
    }

    @Test func aResultBeyondTheLimitIsRefusedWithTheLimit() async throws {
        let data = try TestData()
        for index in 0..<20 { try await data.call(RunsStart(runID: "run-\(index)")) }
        let limits = FrameLimits(payload: 2048, attachments: 0)
        let error = try #require(try await data.refusal(RunsList(), limits: limits))
        #expect(error.kind == .resultTooLarge)
        #expect(error.details["limit"] == .integer(2048))
        guard case .result = try await data.outcome(RunsList(limit: 1), limits: limits) else {
            Issue.record("a page of one run was refused")
            return
        }
    }
}
