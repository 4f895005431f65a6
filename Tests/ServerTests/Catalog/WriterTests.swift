import Foundation
import HDF5
import NIOCore
import Testing
import Wire

@testable import Server

struct WriterTests {
    @Test func writesAreAnsweredInTheOrderInWhichTheyCame() async throws {
        let data = try TestData()
        var group = GroupedWrites(data)
        for index in 0..<200 { try await group.add(RunsStart(runID: "run-\(index)")) }
        let report = try await group.run()
        #expect(report.order == Array(0..<200))
        #expect(try await data.call(RunsList(limit: 1000)).runs.count == 200)
    }

    @Test(.timeLimit(.minutes(1))) func aNoteIsCommittedByItself() async throws {
        let data = try TestData()
        await withCheckedContinuation { continuation in
            data.catalog.writer.note(
                WriteOperation(stamp: nil) { transaction in
                    transaction.afterCommit { continuation.resume() }
                    return ByteBuffer()
                }
            )
        }
    }

    @Test func notesAndWritesAreAppliedInTheOrderInWhichTheyCame() async throws {
        let data = try TestData()
        let order = Locked<[Int]>([])
        func operation(_ number: Int) -> WriteOperation {
            WriteOperation(stamp: nil) { transaction in
                transaction.afterCommit { order.change { $0.append(number) } }
                return ByteBuffer()
            }
        }
        for number in 0..<50 { data.catalog.writer.note(operation(number)) }
        _ = await data.catalog.writer.perform(operation(50))
        #expect(order.value == Array(0...50))
    }

    @Test func aGroupIsOneTransaction() async throws {
        let data = try TestData()
        let times = Locked<[Double]>([])
        var group = GroupedWrites(data)
        for _ in 0..<5 { group.add { transaction in times.change { $0.append(transaction.time) } } }
        _ = try await group.run()
        let seen = times.value
        #expect(seen.count == 5)
        #expect(Set(seen).count == 1)
    }

    @Test func aBadWriteDoesNotHurtTheOthersOfItsGroup() async throws {
        let data = try TestData()
        var group = GroupedWrites(data)
        try await group.add(RunsStart(runID: "before"))
        try await group.add(RunsHeartbeat(runID: "none"))
        group.add { try $0.connection.execute("INSERT INTO no_such_table VALUES (1)") }
        try await group.add(RunsStart(runID: "after"))
        let report = try await group.run()
        #expect((0..<4).map(report.refusal) == [nil, .notFound, .internalError, nil])
        #expect(Set(try await data.call(RunsList()).runs.map(\.runID)) == ["before", "after"])
    }

    @Test func whatAWriteDoesBesidesTheDatabaseIsDoneOnceThoughItsGroupIsAppliedTwice() async throws {
        let data = try TestData()
        let actions = Locked(0)
        var group = GroupedWrites(data)
        group.add { $0.afterCommit { actions.change { $0 += 1 } } }
        let ids = try await data.call(ImagesInsert(images: [.init(filename: "a.png"), .init(filename: "b.png")])).ids
        #expect(try await data.call(LabelsNext(limit: 2, annotator: "ann")).images.count == 2)
        try await group.add(LabelsRelease(annotator: "ann"))
        try await group.add(RunsHeartbeat(runID: "none"))
        let report = try await group.run()
        #expect((0..<3).map(report.refusal) == [nil, nil, .notFound])
        #expect(actions.value == 1)
        let released = try #require(report.outcomes[1])
        guard case .result(let bytes, _) = released else { return }
        #expect(try JSONCoding.decode(LabelsRelease.Result.self, from: bytes).released == ids.count)
    }

    @Test func aThrownWriteLeavesNeitherRowsNorArraysNorActions() async throws {
        let data = try TestData()
        let hasRun = Locked(false)
        var group = GroupedWrites(data)
        group.add { transaction in
            try transaction.connection.execute("INSERT INTO settings (name, value) VALUES ('half', 'done')")
            _ = try transaction.arrays.begin(runID: "run") {
                .init(createdAt: transaction.timestamp, compression: .lzf, committedRows: [:], restored: [])
            }
            transaction.arrays.append([], runID: "run")
            transaction.afterCommit { hasRun.change { $0 = true } }
            throw WireError.invalidParams("by the test")
        }
        group.add { transaction in
            #expect(transaction.arrays.runIDs == [])
            transaction.afterCommit {}
        }
        let report = try await group.run()
        #expect(report.refusal(0) == .invalidParams)
        #expect(report.refusal(1) == nil)
        #expect(try await data.strings("SELECT value FROM settings WHERE name = 'half'") == [])
        #expect(!hasRun.value)
    }

    @Test func actionsRunAfterTheCommitAndBeforeTheAnswer() async throws {
        let data = try TestData()
        let events = Locked<[String]>([])
        let operation = WriteOperation(stamp: nil) { transaction in
            transaction.afterCommit { events.change { $0.append("action") } }
            events.change { $0.append("applied") }
            return ByteBuffer(string: "{}")
        }
        _ = await data.catalog.writer.perform(operation)
        events.change { $0.append("answered") }
        #expect(events.value == ["applied", "action", "answered"])
    }

    @Test func seqsOfOneProducerMayShareAGroup() async throws {
        let data = try TestData()
        var group = GroupedWrites(data)
        for seq in [1, 2, 2, 4, 3] as [Int64] {
            try await group.add(
                RunsStart(runID: "run-\(seq)"),
                stamp: ProducerStamp(producer: TestData.producer, seq: seq)
            )
        }
        let report = try await group.run()
        #expect((0..<5).map(report.refusal) == [nil, nil, nil, .sequenceGap, nil])
        #expect(try await data.catalog.read { try Producers.lastSeq(TestData.producer, $0) } == 3)
    }

    // MARK: Array files that fail

    /// Makes a run whose file has become unreadable.
    private func damage(_ runID: String, of data: TestData) async throws {
        try await data.append(runID, try Steps.of(runID, 0..<2))
        try await data.call(RunsFinish(runID: runID, status: .finished))
        try data.directory.write("not HDF5", to: "replay/\(runID).h5")
    }

    @Test func aFileThatFailsCostsOnlyTheWritesToItsRun() async throws {
        let data = try TestData()
        try await data.append("good", try Steps.of("good", 0..<2))
        try await damage("bad", of: data)
        var group = GroupedWrites(data)
        let stamp = ProducerStamp(producer: TestData.producer, seq: 1)
        try await group.add(StepsAppend(runID: "good", steps: try Steps.of("good", 2..<4)))
        try await group.add(StepsAppend(runID: "bad", steps: try Steps.of("bad", 2..<4)), stamp: stamp)
        try await group.add(RunsStart(runID: "other"))
        let report = try await group.run()
        #expect((0..<3).map(report.refusal) == [nil, .runDamaged, nil])
        #expect(try await data.integers("SELECT next_row FROM runs WHERE run_id IN ('good', 'bad')") == [2, 4])
        #expect(try await data.catalog.read { try Producers.lastSeq(TestData.producer, $0) } == 0)
        let refs = (0..<4).map { "h5://good/frames/\($0)" }
        #expect(try await data.resolve(refs) == (0..<4).map { try Steps.frame($0) })
    }

    @Test func aNewRunSurvivesThatAnotherFileOfItsGroupFails() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a-new"))
        try await damage("bad", of: data)
        var group = GroupedWrites(data)
        try await group.add(StepsAppend(runID: "a-new", steps: try Steps.of("e", 0..<2)))
        try await group.add(StepsAppend(runID: "bad", steps: try Steps.of("bad", 2..<4)))
        let report = try await group.run()
        #expect((0..<2).map(report.refusal) == [nil, .runDamaged])
        #expect(try await data.resolve(["h5://a-new/frames/1"]) == [try Steps.frame(1)])
    }

    @Test func aFileMadeByAGroupThatWasNotCommittedIsNotInTheWay() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "run"))
        var group = GroupedWrites(data)
        try await group.add(StepsAppend(runID: "run", steps: try Steps.of("lost", 0..<3)))
        group.add { transaction in
            // A broken reference that is noticed by the commit, after the file was made.
            try transaction.connection.run(script: "PRAGMA defer_foreign_keys = ON")
            try transaction.connection.execute(
                "INSERT INTO run_datasets (run_id, name, dtype, shape, counted_by) VALUES ('none', 'x', '', '', 'step')"
            )
        }
        let report = try await group.run()
        #expect((0..<2).map(report.refusal) == [.internalError, .internalError])
        #expect(FileManager.default.fileExists(atPath: data.directory.file("replay/run.h5")))
        #expect(try await data.integers("SELECT count(*) FROM steps") == [0])
        #expect(try await data.append("run", try Steps.of("kept", 0..<2)).firstIndex == 0)
        let refs = (0..<3).map { "h5://run/frames/\($0)" }
        #expect(try await data.resolve(refs) == [try Steps.frame(0), try Steps.frame(1), nil])
    }

    @Test func theRunOfARefusedWriteIsStillMarkedAsOpenByTheNextOfItsGroup() async throws {
        let data = try TestData()
        try await data.append("run", try Steps.of("e", 0..<2))
        try await data.call(RunsFinish(runID: "run", status: .finished))
        var group = GroupedWrites(data)
        try await group.add(StepsAppend(runID: "run", steps: try Steps.of("e", 1..<2)))
        try await group.add(StepsAppend(runID: "run", steps: try Steps.of("e", 2..<3)))
        let report = try await group.run()
        #expect((0..<2).map(report.refusal) == [.duplicateStep, nil])
        #expect(try await data.integers("SELECT file_open FROM runs WHERE run_id = 'run'") == [1])
    }

    // MARK: A full disk

    @Test func aFullDiskIsNamedAndConsumesNothing() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "run"))
        let pages = try #require(try await data.integers("PRAGMA page_count").first ?? nil)
        try data.catalog.writeNow { try $0.run(script: "PRAGMA max_page_count = \(pages)") }
        let rows = (0..<2000).map { step in
            JSONValue.object([
                "table": "training_metrics", "metric_name": "loss", "metric_value": 0.5, "step": .integer(Int64(step)),
            ])
        }
        let stamp = ProducerStamp(producer: TestData.producer, seq: 1)
        let error = try #require(try await data.refusal(MetricsAppend(rows: rows), stamp: stamp))
        #expect(error.kind == .diskFull)
        #expect(!error.isFinal)
        #expect(try await data.integers("SELECT count(*) FROM training_metrics") == [0])
        try data.catalog.writeNow { try $0.run(script: "PRAGMA max_page_count = 1000000") }
        #expect(try await data.call(MetricsAppend(rows: rows), stamp: stamp).stored == 2000)
    }
}
