import Testing

@testable import Wire

@Suite struct MethodTests {
    @Test func namesAreDistinctNounsAndVerbs() throws {
        let names = Methods.all.map { $0.name }
        #expect(Set(names).count == names.count)
        for name in names where name != "hello" {
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            #expect(parts.count == 2, "\(name)")
            for part in parts {
                #expect(!part.isEmpty && part.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "_") }, "\(name)")
            }
        }
    }

    @Test func ingestMethodsAreTheOnesThatNeedAStamp() {
        let ingest = Methods.all.filter { $0.effect == .ingest }.map { $0.name }
        #expect(
            Set(ingest) == [
                "steps.append", "episodes.finish", "metrics.append", "images.insert", "variables.save",
                "variables.save_many",
            ]
        )
    }

    @Test func theAuditLogHasTimesThatPeopleRead() {
        #expect(MetricsPrune(runID: "a", before: 1_795_973_592.5).auditNote == "run a, before 2026-11-29T17:33:12Z")
        #expect(MetricsPrune(keepEvery: 2).auditNote == "run any, before any time")
        #expect(MetricsPrune(before: 1, cursor: "next").auditNote == nil)
    }

    @Test func actionsAreNumbersOrArrays() throws {
        #expect(try decoded("3") == Action.discrete(3))
        #expect(try decoded("-0.5") == Action.continuous(-0.5))
        let array = try ArrayValue([0.5, 1] as [Float])
        #expect(try decoded(try encoded(Action.array(array))) == Action.array(array))
        #expect(throws: WireError.self) { let _: Action = try decoded(#""left""#) }
        #expect(throws: WireError.self) { let _: Action = try decoded("null") }
    }

    @Test func anObservationIsOneArrayOrSeveralByName() throws {
        let array = try ArrayValue([1] as [UInt8])
        for observation in [Observation.array(array), .arrays(["left": array, "dtype": array]), .arrays([:])] {
            #expect(try decoded(try encoded(observation)) == observation)
        }
    }

    @Test func resolvedFramesAreSeparateOrStacked() throws {
        let stacked: FramesResolve.Result = try decoded(#"{"frames":{"dtype":"uint8","shape":[1],"base64":"AQ=="}}"#)
        guard case .stacked = stacked.frames else {
            Issue.record("an object is one array")
            return
        }
        let separate: FramesResolve.Result = try decoded(
            #"{"frames":[null,{"dtype":"uint8","shape":[1],"base64":"AQ=="}]}"#
        )
        guard case .separate(let arrays) = separate.frames else {
            Issue.record("a list is several arrays")
            return
        }
        #expect(arrays.map { $0 == nil } == [true, false])
    }

    @Test func labelsThatAreErasedAreNull() throws {
        let set = LabelsSet(id: 3, labels: ["a": 1, "b": nil])
        #expect(try encoded(set) == #"{"id":3,"labels":{"a":1,"b":null}}"#)
        let again: LabelsSet = try decoded(try encoded(set))
        #expect(again.labels == ["a": 1, "b": nil])
    }
}
