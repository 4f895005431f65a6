import Testing

@testable import Wire

@Suite struct WireErrorTests {
    @Test(
        arguments: [
            (.parseError, -32700), (.invalidRequest, -32600), (.methodNotFound, -32601), (.invalidParams, -32602),
            (.internalError, -32603), (.notFound, -32000), (.sequenceGap, -32000), ("some_new_kind", -32000),
        ] as [(WireError.Kind, Int)]
    )
    func kindsHaveTheirCodes(kind: WireError.Kind, code: Int) { #expect(WireError(kind, "x").code == code) }

    @Test func refusalsForTheServersStateAreNotFinal() {
        for kind in [.diskFull, .overloaded, .internalError, .unauthorized, .sequenceGap] as [WireError.Kind] {
            #expect(!WireError(kind, "x").isFinal)
        }
        for kind in [.invalidParams, .shapeMismatch, .duplicateStep, .notFound, .methodNotFound] as [WireError.Kind] {
            #expect(WireError(kind, "x").isFinal)
        }
    }

    @Test func anErrorSpellsItsKindFinalityAndDetails() throws {
        let error = WireError(.sequenceGap, "seq 9 came", details: ["expected": 7])
        let json =
            #"{"code":-32000,"data":{"expected":7,"final":false,"kind":"sequence_gap"},"message":"seq 9 came"}"#
        #expect(try encoded(error) == json)
        #expect(try decoded(json) == error)
    }

    @Test func anErrorOfAnotherServerIsRead() throws {
        let error: WireError = try decoded(#"{"code":-32601,"message":"no"}"#)
        #expect(error.code == -32601)
        #expect(!error.isFinal, "what is not said to be final may be tried again")
        let unknown: WireError = try decoded(#"{"code":1,"message":"x","data":{"kind":"new","final":true}}"#)
        #expect(unknown.kind == "new")
        #expect(unknown.isFinal)
    }

    @Test func aFieldThatDoesNotDecodeIsNamed() {
        func message(_ json: String) -> String {
            do {
                let _: RunsStart = try decoded(json)
                return "decoded"
            } catch {
                return error.message
            }
        }
        #expect(message("{}").contains("params.run_id is missing"))
        #expect(message(#"{"run_id":7}"#) == "params.run_id must be a text")
        #expect(message(#"{"run_id":null}"#) == "params.run_id must be a text")
        #expect(message(#"{"run_id":"r","tags":["a",1]}"#) == "params.tags[1] must be a text")
        #expect(message(#"{"run_id":"r","tags":"a"}"#) == "params.tags must be a list")
        #expect(message("[]") == "params must be an object")
    }

    @Test func aWordThatIsNoneOfAFewIsAnsweredWithThem() {
        #expect(
            throws: WireError.invalidParams(#"params.status: "done" is none of: finished, failed"#)
        ) {
            let _: RunsFinish = try decoded(#"{"run_id":"r","status":"done"}"#)
        }
    }
}
