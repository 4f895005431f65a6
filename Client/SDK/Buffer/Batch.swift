import NIOCore
import Wire

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Consecutive records of a spool that travel together.
struct Batch: Sendable {
    /// Records that make one request, or a few when they are too large for one.
    enum Content: Sendable {
        case metrics([MetricRecord])
        case resources([ResourceRecord])
        case generations([GenerationRecord])
        case steps(runID: String, [StepRecord])
        case images([ImagesInsert.Image])
        case request(any Method)
    }

    /// How a caller who waits for a request learns of its answer.
    typealias Reply = @Sendable (Result<Answer, any Error>) -> Void

    /// A result, not yet decoded.
    struct Answer: Sendable {
        let result: ByteBuffer
        let attachments: [ByteBuffer]
    }

    /// Steps of one run that fit in the same columns.
    private struct Steps: Sendable {
        let runID: String
        var records: [StepRecord]
    }

    private var metrics: [MetricRecord] = []
    private var resources: [ResourceRecord] = []
    private var generations: [GenerationRecord] = []
    private var steps: [Steps] = []
    private var images: [ImagesInsert.Image] = []
    private var request: (any Method)?
    private(set) var records = 0
    /// What they take in the spool.
    private(set) var bytes = 0
    /// The places where they begin and end.
    let start: UInt64
    private(set) var end: UInt64
    private(set) var lastSequence: UInt64 = 0

    init(start: UInt64) {
        self.start = start
        end = start
    }

    /// Adds a record; false if it does not belong in this batch but in the next.
    mutating func add(_ entry: SpoolReader.Entry) throws -> Bool {
        if request != nil { return false }
        switch entry.record {
        case .request(let record):
            guard records == 0 else { return false }
            request = try record.decode()
        case .metric(let record): metrics.append(record)
        case .resource(let record): resources.append(record)
        case .generation(let record): generations.append(record)
        case .step(let record): add(record)
        case .image(let record): images.append(try record.image())
        }
        records += 1
        bytes += entry.size
        end = entry.end
        lastSequence = entry.sequence
        return true
    }

    private mutating func add(_ record: StepRecord) {
        let last = steps.indices.last { steps[$0].runID.utf8.elementsEqual(record.runID.utf8) }
        if let last, steps[last].records.admit(record) {
            steps[last].records.append(record)
        } else {
            steps.append(Steps(runID: record.runID, records: [record]))
        }
    }

    /// The same for the same records, whoever reads them.
    var contents: [Content] {
        if let request { return [.request(request)] }
        var contents = steps.map { Content.steps(runID: $0.runID, $0.records) }
        if !metrics.isEmpty { contents.append(.metrics(metrics)) }
        if !resources.isEmpty { contents.append(.resources(resources)) }
        if !generations.isEmpty { contents.append(.generations(generations)) }
        if !images.isEmpty { contents.append(.images(images)) }
        return contents
    }
}

extension [StepRecord] {
    /// Whether a step fits in the same columns as those that are here.
    fileprivate func admit(_ record: StepRecord) -> Bool {
        guard let last else { return true }
        guard last.action.hasLayout(of: record.action) else { return false }
        if let frame = record.frame, let other = self.last(where: { $0.frame != nil })?.frame {
            guard frame.hasLayout(of: other) else { return false }
        }
        if let observation = record.observation, let other = self.last(where: { $0.observation != nil })?.observation {
            guard observation.hasLayout(of: other) else { return false }
        }
        return true
    }
}

/// The ids under which a spool's requests are numbered.
enum Producer {
    static func make() -> String { UUID().uuidString.lowercased() }
}
