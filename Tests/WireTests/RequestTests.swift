import NIOCore
import Testing

@testable import Wire

@Suite struct RequestTests {
    private func failure(_ payload: String) throws -> RequestFailure? {
        let frame = try frame(of: frameBytes(payload))
        do {
            let request = try Request(frame)
            Issue.record("expected a refusal, got \(request.method)")
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            (#"{"jsonrpc":"2.0","method":"server.ping"}"#, nil), (#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, nil),
            (#"{"jsonrpc":"2.0","id":true,"method":"m"}"#, nil), (#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#, nil),
            (#"{"id":1,"method":"m"}"#, .integer(1)), (#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, .integer(1)),
            (#"{"jsonrpc":2.0,"id":1,"method":"m"}"#, .integer(1)), (#"{"jsonrpc":"2.0","id":"x"}"#, .string("x")),
            (#"{"jsonrpc":"2.0","id":2,"method":7}"#, .integer(2)),
            (#"{"jsonrpc":"2.0","id":1.5,"method":null}"#, .number(1.5)), ("{}", nil),
        ] as [(String, RequestID?)]
    )
    func anEnvelopeThatIsWrongIsRefusedUnderItsID(payload: String, id: RequestID?) throws {
        let failure = try failure(payload)
        #expect(failure?.id == id)
        #expect(failure?.error.code == -32600)
        #expect(failure?.error.isFinal == true)
    }

    @Test func parametersMayBeAbsent() throws {
        let request = try Request(frame(of: frameBytes(#"{"jsonrpc":"2.0","id":"a","method":"server.ping"}"#)))
        #expect(request.id == .string("a"))
        #expect(request.method == "server.ping")
        _ = try request.decode(ServerPing.self)
    }

    @Test func parametersThatWriteTheirOwnTextStandInTheSameEnvelope() throws {
        let buffers = try Request.encode(LabelsImport(filenames: ["a"], labels: ["x": [1]]), id: .string("é\""))
        let request = try Request(frame(of: joined(buffers)))
        #expect(request.id == .string("é\""))
        #expect(request.method == "labels.import")
        #expect(request.attachments == [])
        let parameters = try request.decode(LabelsImport.self)
        #expect(parameters.filenames == ["a"])
        #expect(parameters.labels == ["x": [1]])
    }

    @Test func aStampStandsAmongTheParameters() throws {
        let stamp = ProducerStamp(producer: "p", seq: 3)
        let buffers = try Request.encode(RunsHeartbeat(runID: "r"), id: .integer(5), stamp: stamp)
        let request = try Request(frame(of: joined(buffers)))
        #expect(try request.decode(ProducerStamp.self) == stamp)
        #expect(try request.decode(RunsHeartbeat.self).runID == "r")
    }

    @Test func aResponseKeepsItsIDAndItsAttachments() throws {
        let outcome = Response.Outcome.result(
            ByteBuffer(string: #"{"a":1}"#),
            attachments: [ByteBuffer(bytes: [1, 2])]
        )
        for id in [.integer(7), .string("é\""), .number(0.5)] as [RequestID] {
            let response = Response(id: id, outcome: outcome)
            #expect(try Response(frame(of: joined(try response.encode()))) == response)
        }
    }

    @Test func aFailureWithoutAnIDSaysNull() throws {
        let response = Response(id: nil, outcome: .failure(WireError(.parseError, "bad")))
        let payload = String(buffer: try response.payload())
        #expect(payload.hasPrefix(#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"#))
        #expect(try Response(Frame(payload: ByteBuffer(string: payload))) == response)
    }

    @Test func aResponseWithoutResultAndErrorIsNone() throws {
        let frame = try frame(of: frameBytes(#"{"jsonrpc":"2.0","id":1}"#))
        #expect(throws: WireError.self) { try Response(frame) }
    }
}
