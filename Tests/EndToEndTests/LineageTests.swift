import Foundation
import Holdfast
import Synchronization
import Testing

/// Variables, thunks and batches of the SDK against the real server.
struct LineageTests {
    struct Raw: Variable, Equatable {
        var samples: [Double]

        func encode() throws -> VariableValue { .array(try ArrayValue(samples)) }
        static func decode(_ value: VariableValue) throws -> Raw { Raw(samples: try value.numbers()) }
    }

    struct Low: Variable, Equatable {
        var samples: [Double]

        func encode() throws -> VariableValue { .array(try ArrayValue(samples)) }
        static func decode(_ value: VariableValue) throws -> Low { Low(samples: try value.numbers()) }
    }

    struct Mean: Variable, Codable, Equatable {
        var mean: Double
    }

    struct Recording: Variable {
        var table: Table

        func encode() throws -> VariableValue { table.value }
        static func decode(_ value: VariableValue) throws -> Recording { Recording(table: try value.table()) }
    }

    /// The mean, saved before it had a unit.
    struct NewMean: Variable, Codable {
        static var variableName: String { "Mean" }
        static var schemaVersion: Int { 2 }
        var mean: Double
    }

    private func withClient(_ body: (HoldfastClient) async throws -> Void) async throws {
        let server = try ServerProcess()
        try server.start()
        let spool = server.data.appendingPathComponent("spool-of-the-client")
        var options = ClientOptions()
        options.spoolDirectory = spool.path
        let client = try HoldfastClient(server: server.address, options: options)
        do {
            try await client.variableSchema([
                .init(name: "subject", type: .integer), .init(name: "session", type: .string),
                .init(name: "trial", type: .integer),
            ])
            try await body(client)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }

    // MARK: Variables

    @Test func theLatestIsThatOfItsLocation() async throws {
        try await withClient { client in
            let first = try await client.save(Raw(samples: [1]), at: ["subject": 1])
            try await client.save(Raw(samples: [2]), at: ["subject": 2])
            #expect(try await client.load(Raw.self, at: ["subject": 1]).value == Raw(samples: [1]))
            try await client.save(Raw(samples: [3]), at: ["subject": 1])
            #expect(try await client.load(Raw.self, at: ["subject": 1]).value == Raw(samples: [3]))
            let again = try await client.save(Raw(samples: [1]), at: ["subject": 1])
            #expect(again.recordID == first.recordID && again.contentHash == first.contentHash)
            #expect(try await client.load(Raw.self, at: ["subject": 1]).value == Raw(samples: [1]))
            #expect(try await client.load(Raw.self, version: first.recordID).metadata == ["subject": 1])
            var versions: [String] = []
            for try await version in client.versions(of: Raw.self, at: ["subject": 1]) {
                versions.append(version.recordID)
            }
            #expect(versions.count == 3 && versions.first == versions.last)
            let error = await #expect(throws: WireError.self) { try await client.load(Raw.self) }
            #expect(error?.kind == "ambiguous_version")
            #expect(try await client.variables().first?.locations == 2)
            #expect(try await client.delete(Raw.self, at: ["subject": 1]) == 2)
            let gone = await #expect(throws: WireError.self) { try await client.load(Raw.self, at: ["subject": 1]) }
            #expect(gone?.kind == .notFound)
        }
    }

    @Test func groupsAndTablesOfManyLocations() async throws {
        try await withClient { client in
            for subject in 1...3 as ClosedRange<Int64> {
                let place: Metadata = ["subject": .integer(subject)]
                let (raw, mean) = try await client.saveGroup(
                    Raw(samples: [Double(subject)]),
                    Mean(mean: Double(subject) / 2),
                    at: place
                )
                let (one, other) = try await client.loadGroup(Raw.self, Mean.self, at: place)
                #expect(one.recordID == raw.recordID && other.value == mean.value)
            }
            let table = try await client.loadTable(Mean.self)
            #expect(try table.doubles("subject") == [1, 2, 3] && table.values("value").count == 3)
            var samples: [[Double]] = []
            for try await record in client.loadAll(Raw.self) { samples.append(record.value.samples) }
            #expect(samples == [[1], [2], [3]])
            let old = await #expect(throws: HoldfastError.self) {
                try await client.load(NewMean.self, at: ["subject": 1])
            }
            #expect(old?.code == .schemaVersion)
        }
    }

    @Test func anArrayLargerThanARequestComesBack() async throws {
        try await withClient { client in
            let raw = Raw(samples: (0..<(33 << 17) + 1).map(Double.init))
            let saved = try await client.save(raw, at: ["subject": 1])
            let loaded = try await client.load(Raw.self, at: ["subject": 1])
            #expect(loaded.value == raw && loaded.contentHash == saved.contentHash)
            for try await record in client.loadAll(Raw.self) { #expect(record.value == raw) }
        }
    }

    // MARK: Thunks

    /// How often a function ran.
    private final class Count: Sendable {
        private let count = Mutex(0)
        func add() { count.withLock { $0 += 1 } }
        var value: Int { count.withLock(\.self) }
    }

    private func halving(_ count: Count, version: Int = 1) -> Thunk<Computed<Low>, Raw, Double> {
        Thunk("halving", version: version, parameters: ["signal", "by"]) { (signal: Raw, factor: Double) -> Low in
            count.add()
            return Low(samples: signal.samples.map { $0 * factor })
        }
    }

    @Test func aCallWithTheSameInputsIsLoaded() async throws {
        try await withClient { client in
            let count = Count()
            let thunk = halving(count)
            let raw = try await client.save(Raw(samples: [1, 2]), at: ["subject": 1])
            let made = try await thunk(raw, 0.5, client: client)
            #expect(!made.wasHit && made.value == Low(samples: [0.5, 1]) && made.recordID == nil)
            let saved = try await client.save(made, at: ["subject": 1])
            #expect(saved.lineageHash == made.lineageHash && made.recordID == saved.recordID)
            let hit = try await thunk(raw, 0.5, client: client)
            #expect(hit.wasHit && hit.value == made.value && hit.recordID == saved.recordID && count.value == 1)
            // Content counts, not the address.
            let elsewhere = try await client.save(Raw(samples: [1, 2]), at: ["subject": 2])
            #expect(try await thunk(elsewhere, 0.5, client: client).wasHit)
            #expect(try await !thunk(raw, 0.25, client: client).wasHit && count.value == 2)
            #expect(try await !halving(count, version: 2)(raw, 0.5, client: client).wasHit)
            try await client.delete(Low.self, version: saved.recordID)
            #expect(try await !thunk(raw, 0.5, client: client).wasHit && count.value == 4)
            let upstream = try await client.upstream(of: saved.recordID)
            #expect(upstream.records.map(\.outputType) == ["Low", "Raw"] && upstream.edges.map(\.name) == ["signal"])
        }
    }

    @Test func severalOutputsAreAHitOnlyTogether() async throws {
        try await withClient { client in
            let thunk = Thunk("split", version: 1) { (signal: Raw) -> (Low, Mean) in
                (Low(samples: signal.samples), Mean(mean: signal.samples.reduce(0, +)))
            }
            let raw = try await client.save(Raw(samples: [1, 2]), at: ["subject": 1])
            let (low, mean) = try await thunk(raw, client: client)
            try await client.save(low, at: ["subject": 1])
            let (again, _) = try await thunk(raw, client: client)
            #expect(!again.wasHit)
            try await client.save(mean, at: ["subject": 1])
            let (third, fourth) = try await thunk(raw, client: client)
            #expect(third.wasHit && fourth.wasHit && fourth.value == Mean(mean: 3))
        }
    }

    @Test func whatWasMadeOfSomethingUnsavedIsRefusedUnlessThatIsAllowed() async throws {
        try await withClient { client in
            let count = Count()
            let average = Thunk("average", version: 1, parameters: ["low"]) { (low: Low) -> Mean in
                Mean(mean: low.samples.reduce(0, +) / Double(low.samples.count))
            }
            let raw = try await client.save(Raw(samples: [1, 3]), at: ["subject": 1])
            let low = try await halving(count)(raw, 0.5, client: client)
            let mean = try await average(low, client: client)
            let error = await #expect(throws: HoldfastError.self) { try await client.save(mean, at: ["subject": 1]) }
            #expect(error?.code == .unsavedInput)
            #expect(error?.message.contains("Mean → average(low): output 0 of halving was never saved") ?? false)
            let saved = try await client.save(mean, at: ["subject": 1], ephemeral: true)
            let lineage = try await client.lineage(of: saved.recordID).lineage
            #expect(lineage?.inputs.map(\.name) == ["low/signal"] && lineage?.inputs.first?.recordID == raw.recordID)
            #expect(try await average(low, client: client).wasHit)
            let plain = try await average(Low(samples: [1]), client: client)
            let unsaved = await #expect(throws: HoldfastError.self) { try await client.save(plain) }
            #expect(unsaved?.message.contains("a Low was never saved") ?? false)
        }
    }

    @Test func ofManyCallersOneRuns() async throws {
        try await withClient { client in
            let count = Count()
            let thunk = halving(count)
            let raw = try await client.save(Raw(samples: [1, 2]), at: ["subject": 1])
            let ids = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        try await client.save(try await thunk(raw, 0.5, client: client), at: ["subject": 1]).recordID
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(ids.count == 1 && count.value == 1)
        }
    }

    // MARK: Batches

    private func batch(
        _ count: Count,
        _ client: HoldfastClient,
        version: Int = 1,
        where combinations: Combinations = .product(["subject": [1, 2, 3], "session": ["A", "B"]])
    ) throws -> BatchRun<Computed<Low>, Raw, Double> {
        halving(count, version: version).forEach(
            .variable(Raw.self),
            try .constant(0.5),
            where: combinations,
            client: client
        )
    }

    private func saveRaw(_ client: HoldfastClient) async throws {
        for (subject, session) in [(1, "A"), (1, "B"), (2, "A"), (2, "B"), (3, "A")] as [(Int64, String)] {
            try await client.save(
                Raw(samples: [Double(subject), session == "A" ? 1 : 2]),
                at: ["subject": .integer(subject), "session": .string(session)]
            )
        }
    }

    @Test func aBatchIsPlannedRunAndThenAHit() async throws {
        try await withClient { client in
            let count = Count()
            try await saveRaw(client)
            let batch = try batch(count, client)
            let plan = try await batch.plan()
            #expect(plan.counts == [.run: 5, .missing: 1] && plan.entries[0].why == "there is no Low yet")
            #expect(plan.entries[5].why == "input signal: no Raw at session=B, subject=3")
            let report = try await batch.run(plan, parallel: 3)
            #expect(report.counts == [.done: 5, .missing: 1] && !report.isComplete && count.value == 5)
            #expect(try await client.load(Low.self, at: ["subject": 2, "session": "B"]).value == Low(samples: [1, 1]))
            let again = try await batch.run()
            #expect(again.counts == [.hit: 5, .missing: 1] && count.value == 5)
            #expect(again.entries.map(\.recordIDs).dropLast() == report.entries.map(\.recordIDs).dropLast())
            // What depends on one input alone.
            try await client.save(Raw(samples: [9]), at: ["subject": 2, "session": "B"])
            let changed = try await batch.plan()
            #expect(changed.counts == [.run: 1, .hit: 4, .missing: 1])
            #expect(changed.entries(.run)[0].why.hasPrefix("input: signal changed from"), "\(changed)")
            #expect(try await self.batch(count, client, version: 2).plan().entries[0].why.hasPrefix("function: "))
            let existing = try self.batch(count, client, where: .existing("subject", "session"))
            #expect(try await existing.plan().entries.count == 5)
        }
    }

    @Test func oneThatFailsStopsNoOther() async throws {
        try await withClient { client in
            try await saveRaw(client)
            let thunk = Thunk("failing", version: 1) { (signal: Raw) -> Mean in
                if signal.samples[0] == 2 { throw LearningFailure() }
                return Mean(mean: 1)
            }
            let batch = thunk.forEach(.variable(Raw.self), where: .existing(), client: client)
            let report = try await batch.run(progress: nil)
            #expect(
                report.counts == [.done: 3, .failed: 2] && report.entries(.failed)[0].why.contains("LearningFailure")
            )
            #expect(throws: LearningFailure.self) { try report.throwFirst() }
            let stopped = try await batch.run(stopsOnError: true, progress: nil)
            #expect(stopped.counts == [.hit: 3, .failed: 1, .skipped: 1])
        }
    }

    private struct LearningFailure: Error {}

    @Test func inputsMayBeFixedAndColumnsOfATable() async throws {
        try await withClient { client in
            var table = Table()
            try table.set("x", [1.0, 2])
            try table.set("note", ["a", "b"])
            try await client.save(Recording(table: table), at: ["subject": 1, "session": "A"])
            try await client.save(Mean(mean: 10), at: ["subject": 1, "session": "rest"])
            let count = Count()
            let thunk = Thunk("scaled", version: 1) { (x: ArrayValue, rest: Mean) -> Mean in
                count.add()
                return Mean(mean: (x.doubles() ?? []).reduce(0, +) * rest.mean)
            }
            let batch = thunk.forEach(
                .column("x", of: Recording.self),
                BatchInput.variable(Mean.self, fixed: ["session": "rest"]),
                where: .product(["subject": [1], "session": ["A"]]),
                client: client
            )
            let report = try await batch.run(progress: nil)
            #expect(report.counts == [.done: 1], "\(report)")
            #expect(try await client.load(Mean.self, at: ["subject": 1, "session": "A"]).value == Mean(mean: 30))
            #expect(try await batch.plan().counts == [.hit: 1])
            let recording = try await client.load(Recording.self, at: ["subject": 1, "session": "A"])
            let rest = try await client.load(Mean.self, at: ["subject": 1, "session": "rest"])
            #expect(try await thunk(try recording.column("x"), rest, client: client).wasHit && count.value == 1)
        }
    }

    struct Trials: Distributable, Codable, Equatable {
        var means: [Double]
        var parts: [Mean] { means.map { Mean(mean: $0) } }
    }

    @Test func anOutputIsDistributedOneLevelBelow() async throws {
        try await withClient { client in
            try await client.save(Raw(samples: [1, 2, 3]), at: ["subject": 1, "session": "A"])
            let thunk = Thunk("trials", version: 1) { (signal: Raw) in Trials(means: signal.samples) }
            let batch = thunk.forEach(.variable(Raw.self), where: .these([["subject": 1]]), client: client)
            let report = try await batch.run(distributingOver: "trial", progress: nil)
            #expect(report.counts == [.done: 1] && report.entries[0].recordIDs.count == 4, "\(report)")
            let second = try await client.load(Mean.self, at: ["subject": 1, "trial": 2])
            #expect(second.value == Mean(mean: 2))
            #expect(
                try await client.upstream(of: second.recordID).records.map(\.outputType) == ["Mean", "Trials", "Raw"]
            )
            let again = try await batch.run(distributingOver: "trial", progress: nil)
            #expect(again.counts == [.hit: 1] && again.entries[0].recordIDs == report.entries[0].recordIDs)
            // A part less.
            try await client.save(Raw(samples: [1, 5]), at: ["subject": 1, "session": "A"])
            try await batch.run(distributingOver: "trial", progress: nil)
            var means: [Double] = []
            for try await mean in client.loadAll(Mean.self, at: ["subject": 1]) { means.append(mean.value.mean) }
            #expect(means == [1, 5])
        }
    }
}
