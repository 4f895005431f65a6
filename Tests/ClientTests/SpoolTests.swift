import Foundation
import NIOCore
import Testing
import Wire

@testable import Holdfast

struct SpoolTests {
    private let folder = TemporaryFolder()
    private let producer = Producer.make()

    private func metric(_ step: Int, name: String = "loss") -> MetricRecord {
        MetricRecord(runID: "r", name: name, value: Double(step) / 3, step: Int64(step), timestamp: 1.5)
    }

    private func writer(segmentSize: Int = 4096) throws -> SpoolWriter {
        try SpoolWriter(folder: spool.path, segmentSize: segmentSize)
    }

    private var spool: SpoolFolder { SpoolFolder(path: "\(folder.path)/\(producer)") }

    private func steps(from place: UInt64 = 0) throws -> [Int64?] {
        let reader = SpoolReader(spool)
        var place = place
        var steps: [Int64?] = []
        while let entry = try reader.entry(at: place) {
            guard case .metric(let record) = entry.record else { break }
            steps.append(record.step)
            place = entry.end
        }
        return steps
    }

    // MARK: Records

    private static let records: [any Spoolable] = {
        do {
            let pixels = try ArrayValue((0..<12).map { UInt8($0) }, shape: [2, 2, 3])
            let image = ImagesInsert.Image(filename: "ä.png", studyID: "s", image: pixels)
            return [
                MetricRecord(runID: "r", name: "löss", value: -.infinity, timestamp: 1e9 + 0.25),
                MetricRecord(
                    runID: "",
                    name: "a",
                    value: 0.1,
                    step: .min,
                    round: 2,
                    epoch: 3,
                    phase: "",
                    timestamp: 0
                ),
                ResourceRecord(
                    runID: "r",
                    type: "cpu",
                    name: "system_total",
                    value: 12.5,
                    unit: "%",
                    hostname: "box",
                    processID: 7,
                    timestamp: 2
                ),
                GenerationRecord(runID: "r", operation: "inject", duration: 2.5, processID: 9, timestamp: 3),
                GenerationRecord(
                    runID: "r",
                    operation: "inject",
                    round: 1,
                    chunk: 2,
                    duration: 2.5,
                    samples: 100,
                    memory: 3.5,
                    processID: 9,
                    timestamp: 3
                ),
                StepRecord(
                    runID: "r",
                    episodeID: "e",
                    index: 3,
                    action: .discrete(-1),
                    reward: .infinity,
                    terminated: true,
                    truncated: false,
                    frame: pixels,
                    observation: .array(pixels),
                    info: ["lives": 3, "ö": [.null]],
                    timestamp: 4
                ),
                StepRecord(
                    runID: "r",
                    episodeID: "e",
                    index: 4,
                    action: .array(try ArrayValue([0.5, 1.5] as [Float])),
                    reward: 0,
                    terminated: false,
                    truncated: true,
                    frame: nil,
                    observation: .arrays(["b": pixels, "a": try ArrayValue([1.0], shape: [1])]),
                    info: nil,
                    timestamp: 4
                ),
                StepRecord(
                    runID: "r",
                    episodeID: "e",
                    index: 5,
                    action: .continuous(0.5),
                    reward: 0,
                    terminated: false,
                    truncated: false,
                    frame: nil,
                    observation: nil,
                    info: nil,
                    timestamp: 4
                ),
                try ImageRecord(image),
                try RequestRecord(RunsStart(runID: "r", config: ["lr": 0.5])),
            ]
        } catch {
            preconditionFailure("these records are valid: \(error)")
        }
    }()

    @Test(arguments: 0..<10)
    func aRecordComesBackAsItWas(index: Int) throws {
        let record = Self.records[index]
        let writer = try writer()
        func append<Record: Spoolable>(_ record: Record) throws -> Int { try writer.append(record) }
        let size = try append(record)
        let entry = try #require(try SpoolReader(spool).entry(at: 0))
        #expect(entry.sequence == 1)
        #expect(entry.size == size && entry.end == UInt64(size) && size % 8 == 0)
        switch (entry.record, record) {
        case (.metric(let one), let two as MetricRecord): #expect("\(one)" == "\(two)")
        case (.resource(let one), let two as ResourceRecord): #expect("\(one)" == "\(two)")
        case (.generation(let one), let two as GenerationRecord): #expect("\(one)" == "\(two)")
        case (.step(let one), let two as StepRecord):
            #expect(one.frame == two.frame && one.observation == two.observation && one.action == two.action)
            #expect(one.info == two.info && one.reward == two.reward && one.index == two.index)
            #expect(one.terminated == two.terminated && one.truncated == two.truncated)
        case (.image(let one), let two as ImageRecord):
            #expect(try one.image().image == two.image().image)
            #expect(try one.image().filename == "ä.png")
        case (.request(let one), is RequestRecord):
            #expect((try one.decode() as? RunsStart)?.config == ["lr": 0.5])
        default: Issue.record("\(entry.record) is not \(record)")
        }
    }

    @Test func recordsGoOnInTheNextSegmentAndALargeOneGetsItsOwn() throws {
        let writer = try writer()
        for step in 0..<200 { _ = try writer.append(metric(step)) }
        _ = try writer.append(metric(200, name: String(repeating: "x", count: 9000)))
        for step in 201..<300 { _ = try writer.append(metric(step)) }
        #expect(try spool.bases().count > 4)
        #expect(try steps() == Array(0..<300))
    }

    @Test func aSpareSegmentIsUsedWhereItsTimeComes() throws {
        let writer = try writer()
        while !writer.wantsSpare { _ = try writer.append(metric(0)) }
        writer.take(spare: try SegmentWriter(folder: spool.path, capacity: 4096))
        #expect(!writer.wantsSpare)
        let before = try steps().count
        for step in 1...100 { _ = try writer.append(metric(step)) }
        #expect(Array(try steps().dropFirst(before)) == Array(1...100))
    }

    @Test func aReaderSeesWhatComesWhileItReads() throws {
        let writer = try writer()
        let reader = SpoolReader(spool)
        var place: UInt64 = 0
        for step in 0..<300 {
            #expect(try reader.entry(at: place) == nil)
            _ = try writer.append(metric(step))
            let entry = try #require(try reader.entry(at: place))
            guard case .metric(let record) = entry.record else { return }
            #expect(record.step == Int64(step))
            place = entry.end
        }
    }

    @Test(arguments: [4, 9, 17, 30])
    func aRecordThatIsNotWhatWasWrittenEndsTheSpool(offset: Int) throws {
        var ends: [UInt64] = [0]
        let writer = try writer()
        for step in 0..<10 { ends.append(ends[step] + UInt64(try writer.append(metric(step)))) }
        let path = "\(spool.path)/\(Segment.name(base: 0))"
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        let place = UInt64(Segment.headerSize) + ends[6] + UInt64(offset)
        try file.seek(toOffset: place)
        let byte = try #require(try file.read(upToCount: 1)).first ?? 0
        try file.seek(toOffset: place)
        try file.write(contentsOf: [byte ^ 0x40])
        let reader = SpoolReader(spool)
        #expect(try reader.entry(at: ends[5]) != nil)
        #expect(try reader.entry(at: ends[6]) == nil)
        #expect(reader.damage == ends[6])
    }

    // MARK: State

    private var state: SpoolState {
        SpoolState(
            producer: producer,
            server: "host:1",
            head: 40,
            nextSeq: 9,
            cuts: [.init(start: 40, end: 80, payloadLimit: 1000, attachmentsLimit: 0, firstSeq: 7, parts: [1, 2])]
        )
    }

    @Test func theNewestStateCounts() throws {
        try Files.makeFolder(spool.path)
        var state = state
        for head in 41...45 as ClosedRange<UInt64> {
            state.head = head
            try SpoolStateFile(folder: spool.path).write(state, after: head - 40)
        }
        #expect(try SpoolStateFile(folder: spool.path).read() == state)
    }

    @Test func aTornStateLeavesTheOneBefore() throws {
        try Files.makeFolder(spool.path)
        let file = try SpoolStateFile(folder: spool.path)
        let first = state
        try file.write(first)
        var second = first
        second.head = 80
        try file.write(second)
        let bytes = try #require(FileManager.default.contents(atPath: "\(spool.path)/state"))
        var torn = bytes
        let place = try #require(bytes.range(of: Data(producer.utf8))).lowerBound
        torn[place] ^= 1
        _ = FileManager.default.createFile(atPath: "\(spool.path)/state", contents: torn)
        #expect(try SpoolStateFile(folder: spool.path).read() == first)
    }

    // MARK: Queues

    @Test func whatWasOnItsWayIsCutTheSameWayByTheNextProcess() async throws {
        let limits = FrameLimits(payload: 1200, attachments: 200)
        let writer = try writer()
        for step in 0..<100 { _ = try writer.append(metric(step)) }
        var first: [(Int64, [Int64])] = []
        do {
            let queue = try SpoolQueue(new: spool, madeAt: spool.path, SpoolState(producer: producer, server: "host:1"))
            var outbox = try queue.resume()
            for _ in 0..<3 {
                let batch = try #require(try queue.next(records: 20, bytes: .max, limit: nil))
                let ordinal = queue.nextOrdinal()
                let (requests, _) = BatchSplitter.split(batch, limits: limits, ordinal: ordinal)
                #expect(requests.count > 2)
                for request in requests { outbox.add(request) }
                queue.admit(batch, ordinal: ordinal, limits: limits, parts: requests.map(\.part), outbox)
            }
            first = try outbox.numbered.map { ($0.seq, try Self.steps(of: $0.item)) }
        }
        let queue = try await left()
        let outbox = try queue.resume()
        #expect(outbox.producer == producer)
        let again = try outbox.numbered.map { ($0.seq, try Self.steps(of: $0.item)) }
        #expect(again.map(\.0) == first.map(\.0))
        #expect(again.map(\.1) == first.map(\.1))
        let next = try #require(try queue.next(records: 100, bytes: .max, limit: nil))
        #expect(next.records == 40)
    }

    /// The queue of the spool, once no process that another test was starting at the time has its locks any more: between
    /// fork() and exec() a child holds what its parent held.
    private func left() async throws -> SpoolQueue {
        var queue: SpoolQueue?
        try await eventually("the spool is free") {
            queue = try SpoolQueue(left: spool, for: "host:1")
            return queue != nil
        }
        return try #require(queue)
    }

    private static func steps(of request: OutgoingRequest) throws -> [Int64] {
        guard let append = request.method as? MetricsAppend,
            case .numbers(let column)? = append.columns?[0].columns["step"]
        else { return [] }
        return column.values.integers() ?? []
    }

    @Test func aSpoolHasOneSenderAndIsForItsServer() throws {
        _ = try writer()
        let queue = try SpoolQueue(new: spool, madeAt: spool.path, SpoolState(producer: producer, server: "host:1"))
        #expect(try SpoolQueue(left: spool, for: "host:1") == nil)
        withExtendedLifetime(queue) {}
    }

    @Test func nobodyWhoAsksForAWriterIsTakenForOne() throws {
        let writer = try writer()
        #expect(!spool.isAbandoned)
        withExtendedLifetime(writer) {}
        let asking = try Files.openHere("\(folder.path)/asked", O_RDWR | O_CREAT)
        defer { close(asking) }
        #expect(flock(asking, LOCK_SH) == 0)
        #expect(FileLock.isFree("\(folder.path)/asked"))
    }

    @Test func aSpoolForAnotherServerIsLeftAlone() async throws {
        _ = try writer()
        do { _ = try SpoolQueue(new: spool, madeAt: spool.path, SpoolState(producer: producer, server: "host:1")) }
        #expect(try SpoolQueue(left: spool, for: "host:2") == nil)
        try await eventually("the spool is free") { try SpoolQueue(left: spool, for: nil) != nil }
    }
}

extension SpoolStateFile {
    /// Writes as the holder of the newest state does.
    fileprivate func write(_ state: SpoolState, after generation: UInt64) throws {
        _ = try read()
        try write(state)
    }
}
