import NIOCore
import Wire

/// Gathers records into batches: sealed when full, when old, or when something must come after them.
///
/// Metrics, images and the steps of each run are lanes of their own, so that a loop that logs a step and a loss in
/// turn makes full batches; within a lane the order is kept. Its owner supplies the time.
struct Batcher: Sendable {
    /// When a lane becomes a batch.
    struct Thresholds: Sendable {
        var records: Int
        var bytes: Int
        var delay: Duration
    }

    /// Which records must be delivered before a request.
    enum Order: Sendable {
        case any
        case afterSteps(ofRun: String)
        case afterEverything
    }

    private let thresholds: Thresholds
    private let now: @Sendable () -> NIODeadline
    private var metrics = Lane<MetricRecord>()
    private var images = Lane<ImagesInsert.Image>()
    private var steps: [String: Lane<StepRecord>] = [:]
    private var sealed = CircularBuffer<Batch>()
    /// How many batches have been sealed so far; the ordinal of the last one.
    private(set) var sealedCount: Int64 = 0

    init(thresholds: Thresholds, now: @escaping @Sendable () -> NIODeadline) {
        self.thresholds = thresholds
        self.now = now
    }

    /// When the oldest open lane is due.
    var due: NIODeadline? {
        var oldest = [metrics.openedAt, images.openedAt].compactMap(\.self).min()
        for lane in steps.values {
            if let openedAt = lane.openedAt { oldest = min(oldest ?? openedAt, openedAt) }
        }
        return oldest.map { $0 + thresholds.delay }
    }

    /// Adds a metric; like the other adds it says whether a lane was opened by it.
    mutating func add(_ record: MetricRecord, bytes: Int) -> Bool {
        let opened = metrics.add(record, bytes: bytes, capacity: thresholds.records, now: now)
        if isFull(metrics) { sealMetrics() }
        return opened
    }

    mutating func add(_ image: ImagesInsert.Image, bytes: Int) -> Bool {
        let opened = images.add(image, bytes: bytes, capacity: thresholds.records, now: now)
        if isFull(images) { sealImages() }
        return opened
    }

    mutating func add(_ record: StepRecord, runID: String, bytes: Int) -> Bool {
        if let lane = steps[runID], !lane.admits(record) { sealSteps(of: runID) }
        let opened = steps[runID, default: Lane()].add(record, bytes: bytes, capacity: thresholds.records, now: now)
        if let lane = steps[runID], isFull(lane) { sealSteps(of: runID) }
        return opened
    }

    /// Adds a request that is a batch by itself.
    mutating func add(_ request: any Method, reply: Batch.Reply?, bytes: Int, order: Order) {
        switch order {
        case .any: break
        case .afterSteps(let runID): sealSteps(of: runID)
        case .afterEverything: sealAll()
        }
        seal(.request(request, reply: reply), bytes: bytes)
    }

    /// Seals all lanes, whatever they hold.
    mutating func sealAll() {
        for runID in steps.keys.sorted() { sealSteps(of: runID) }
        sealMetrics()
        sealImages()
    }

    /// Seals the lanes whose time has come.
    mutating func sealDue(at now: NIODeadline) {
        func isDue(_ openedAt: NIODeadline?) -> Bool { openedAt.map { $0 + thresholds.delay <= now } ?? false }
        for runID in steps.keys.sorted() where isDue(steps[runID]?.openedAt) { sealSteps(of: runID) }
        if isDue(metrics.openedAt) { sealMetrics() }
        if isDue(images.openedAt) { sealImages() }
    }

    var hasSealed: Bool { !sealed.isEmpty }

    /// Takes the oldest sealed batch.
    mutating func next() -> Batch? { sealed.popFirst() }

    private func isFull<Record>(_ lane: Lane<Record>) -> Bool {
        lane.records.count >= thresholds.records || lane.bytes >= thresholds.bytes
    }

    private mutating func sealMetrics() {
        if let (records, bytes) = metrics.take() { seal(.metrics(records), bytes: bytes) }
    }

    private mutating func sealImages() {
        if let (records, bytes) = images.take() { seal(.images(records), bytes: bytes) }
    }

    private mutating func sealSteps(of runID: String) {
        guard var lane = steps.removeValue(forKey: runID), let (records, bytes) = lane.take() else { return }
        seal(.steps(runID: runID, records), bytes: bytes)
    }

    private mutating func seal(_ content: Batch.Content, bytes: Int) {
        sealedCount += 1
        sealed.append(Batch(content: content, bytes: bytes, ordinal: sealedCount))
    }
}

extension Lane<StepRecord> {
    /// Whether a step fits in the same columns as those that are here.
    fileprivate func admits(_ record: StepRecord) -> Bool {
        guard let last = records.last else { return true }
        guard last.action.hasLayout(of: record.action) else { return false }
        if let frame = record.frame, let other = records.last(where: { $0.frame != nil })?.frame {
            guard frame.hasLayout(of: other) else { return false }
        }
        if let observation = record.observation,
            let other = records.last(where: { $0.observation != nil })?.observation
        {
            guard observation.hasLayout(of: other) else { return false }
        }
        return true
    }
}
