import Wire

/// Makes requests of a batch, none larger than the server accepts.
struct BatchSplitter {
    /// Records that can't be sent at all, and why.
    struct Unsendable: Sendable {
        let records: Int
        /// What they take in the buffer.
        let bytes: Int
        let reason: any Error
    }

    private struct Part {
        let records: Int
        let outcome: Result<(method: any Method, size: FrameLimits), any Error>
    }

    private let limits: FrameLimits
    private var parts: [Part] = []

    /// The requests of a batch in order, and what can't be sent at all; the same for the same batch and limits.
    static func split(
        _ batch: Batch,
        limits: FrameLimits,
        ordinal: Int64 = 0,
        reply: Batch.Reply? = nil
    ) -> (requests: [OutgoingRequest], unsendable: [Unsendable]) {
        var splitter = BatchSplitter(limits: limits)
        for content in batch.contents { splitter.add(content) }
        let share = batch.bytes / max(batch.records, 1)
        var left = batch.bytes
        var requests: [OutgoingRequest] = []
        var unsendable: [Unsendable] = []
        for (index, part) in splitter.parts.enumerated() {
            // The last part takes the rest, so that the parts add up to the batch.
            let bytes = index == splitter.parts.count - 1 ? left : part.records * share
            left -= bytes
            switch part.outcome {
            case .failure(let reason):
                unsendable.append(Unsendable(records: part.records, bytes: bytes, reason: reason))
            case .success(let (method, size)):
                requests.append(
                    OutgoingRequest(
                        method: method,
                        records: part.records,
                        bytes: bytes,
                        size: size,
                        ordinal: ordinal,
                        part: UInt32(requests.count),
                        reply: reply
                    )
                )
            }
        }
        return (requests, unsendable)
    }

    private init(limits: FrameLimits) { self.limits = limits }

    private mutating func add(_ content: Batch.Content) {
        do {
            let method = try content.method()
            let size = try FrameLimits(of: method)
            if size.payload <= limits.payload, size.attachments <= limits.attachments {
                parts.append(Part(records: content.records, outcome: .success((method, size))))
                return
            }
            if content.isSingle {
                throw HoldfastError(
                    .tooLarge,
                    "\(type(of: method).name) takes \(size.payload) bytes of JSON and \(size.attachments) of "
                        + "attachments; the server accepts \(limits.payload) and \(limits.attachments)"
                )
            }
        } catch  where content.isSingle {
            parts.append(Part(records: content.records, outcome: .failure(error)))
            return
        } catch {
            // One of several records can't be encoded: the halves will show which.
        }
        for half in content.halves() { add(half) }
    }
}

extension Batch.Content {
    var records: Int {
        switch self {
        case .metrics(let records): records.count
        case .resources(let records): records.count
        case .generations(let records): records.count
        case .steps(_, let records): records.count
        case .images(let images): images.count
        case .request: 1
        }
    }

    fileprivate var isSingle: Bool { records <= 1 }

    fileprivate func halves() -> [Batch.Content] {
        func halves<Record>(_ records: [Record], _ make: ([Record]) -> Batch.Content) -> [Batch.Content] {
            let middle = records.count / 2
            return [make(Array(records[..<middle])), make(Array(records[middle...]))]
        }
        return switch self {
        case .metrics(let all): halves(all) { .metrics($0) }
        case .resources(let all): halves(all) { .resources($0) }
        case .generations(let all): halves(all) { .generations($0) }
        case .steps(let runID, let all): halves(all) { .steps(runID: runID, $0) }
        case .images(let all): halves(all) { .images($0) }
        case .request: [self]
        }
    }

    /// The records as parameters of their method.
    fileprivate func method() throws -> any Method {
        switch self {
        case .metrics(let records): MetricsAppend(columns: [try .init(records)])
        case .resources(let records): MetricsAppend(columns: [try .init(records)])
        case .generations(let records): MetricsAppend(columns: [try .init(records)])
        case .steps(let runID, let records):
            StepsAppend(runID: runID, count: records.count, columns: try .init(records))
        case .images(let images): ImagesInsert(images: images)
        case .request(let method): method
        }
    }
}
