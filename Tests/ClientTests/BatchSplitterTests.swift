import NIOCore
import Testing
import Wire

@testable import Holdfast

@Suite struct BatchSplitterTests {
    private func steps(_ count: Int, frameBytes: Int) throws -> Batch {
        let records = try (0..<count).map { index in
            StepRecord(
                runID: "r",
                episodeID: "e",
                index: Int64(index),
                action: .discrete(Int64(index)),
                reward: 1,
                terminated: false,
                truncated: false,
                frame: try ArrayValue([UInt8](repeating: 7, count: frameBytes)),
                observation: nil,
                info: nil,
                timestamp: 0
            )
        }
        return try Batch(of: records.map { .step($0) }, size: 107)
    }

    private func indices(_ requests: [OutgoingRequest]) -> [[Int64]] {
        requests.map { ($0.method as? StepsAppend)?.columns?.stepIndex.integers() ?? [] }
    }

    @Test func aBatchThatFitsIsOneRequest() throws {
        let batch = try steps(10, frameBytes: 10)
        let (requests, unsendable) = BatchSplitter.split(batch, limits: FrameLimits())
        #expect(indices(requests) == [Array(0..<10)])
        #expect(requests.map(\.bytes) == [batch.bytes])
        #expect(unsendable.isEmpty)
    }

    @Test func aBatchIsCutUntilEveryRequestFits() throws {
        let batch = try steps(10, frameBytes: 300)
        let limits = FrameLimits(payload: 4000, attachments: 1200)
        let (requests, unsendable) = BatchSplitter.split(batch, limits: limits)
        #expect(unsendable.isEmpty)
        #expect(requests.count > 1)
        #expect(indices(requests).flatMap(\.self) == Array(0..<10))
        #expect(requests.reduce(0) { $0 + $1.bytes } == batch.bytes)
        for request in requests {
            let stamp = ProducerStamp(producer: "6f9619ff-8b86-d011-b42d-00cf4fc964ff", seq: 1)
            let buffers = try request.encode(id: 1, stamp: stamp)
            #expect(buffers[0].readableBytes - 4 <= limits.payload)
            #expect(buffers.dropFirst().reduce(0) { $0 + $1.readableBytes } <= limits.attachments)
        }
    }

    @Test func aRecordThatCanNotFitIsTakenOutAlone() throws {
        let batch = try Batch(of: stepsWithALargeOne(at: 5).map { .step($0) }, size: 107)
        let (requests, unsendable) = BatchSplitter.split(batch, limits: .init(payload: 4000, attachments: 2000))
        #expect(indices(requests).flatMap(\.self) == [0, 1, 2, 3, 4, 6, 7])
        #expect(unsendable.map(\.records) == [1])
        #expect((unsendable.first?.reason as? HoldfastError)?.code == .tooLarge)
        #expect(requests.reduce(0) { $0 + $1.bytes } + unsendable.reduce(0) { $0 + $1.bytes } == batch.bytes)
    }

    /// Eight steps without frames, one of them with a large info.
    private func stepsWithALargeOne(at place: Int) -> [StepRecord] {
        (0..<8).map { index in
            StepRecord(
                runID: "r",
                episodeID: "e",
                index: Int64(index),
                action: nil,
                reward: 1,
                terminated: false,
                truncated: false,
                frame: nil,
                observation: nil,
                info: index == place ? .string(String(repeating: "x", count: 9000)) : nil,
                timestamp: 0
            )
        }
    }

    @Test func aRequestThatCanNotFitLeavesNothingToSend() throws {
        let request = ImagesInsert(images: [.init(filename: String(repeating: "x", count: 5000))])
        let batch = try Batch(of: [.request(try RequestRecord(request))], size: 9)
        let (requests, unsendable) = BatchSplitter.split(batch, limits: .init(payload: 1000, attachments: 0))
        #expect(requests.isEmpty)
        #expect(unsendable.map(\.bytes) == [9])
    }
}

extension Batch {
    /// A batch of records that take so many bytes each.
    init(of records: [SpoolRecord], size: Int) throws {
        self.init(start: 0)
        for (index, record) in records.enumerated() {
            let end = UInt64((index + 1) * size)
            #expect(try add(.init(sequence: UInt64(index + 1), record: record, size: size, end: end)))
        }
    }
}
