import NIOCore
import Wire

extension Labels {
    /// Of so many excluded images spreading strategies keep away.
    private static let mostShown = 256
    /// So many images are picked within a fraction of a millisecond.
    private static let fewImages = 32

    private typealias Picked = (choices: [Choice], images: [LabelImage], poolSize: Int)

    /// `labels.next`
    func next(_ parameters: LabelsNext, _ context: CallContext) async throws -> LabelsNext.Result {
        let limit = try Page.limit(parameters.limit, default: 1, maximum: 1000)
        let explorationRate = parameters.explorationRate ?? 0.10
        guard (0...1).contains(explorationRate) else {
            throw WireError.invalidParams("params.exploration_rate is \(explorationRate); it must be within 0 … 1")
        }
        let strategy = try self.strategy(parameters.strategy)
        let excluded = Set(parameters.exclude ?? [])
        guard excluded.count <= 10_000 else { throw WireError.invalidParams("params.exclude has more than 10 000 ids") }
        let asked = try parameters.label.map { try label($0) }
        let steering = asked ?? settings.labels[0]
        let pool = asked.map { CandidatePool.missing($0) } ?? .all(settings)
        let annotator = parameters.annotator ?? ""
        try Attachment.check(annotator, "annotator")
        try Attachment.check(parameters.session, "session")
        let holder = parameters.session ?? annotator
        let time = Timestamp.steady()
        let generator = SeededGenerator(
            seed: parameters.seed.map { UInt64(bitPattern: $0) } ?? UInt64.random(in: 0 ... .max)
        )
        let life = context.connection
        let shown = strategy.isSpread ? Array(Set((parameters.exclude ?? []).prefix(Self.mostShown))) : []
        var choices: [Choice] = []
        var images: [LabelImage] = []
        var poolSize = 0
        var taken: Set<Int64> = []
        repeat {
            let look = leases.beginLook()
            defer { leases.end(look) }
            let pick: @Sendable (Connection) throws -> Picked = { [leases, settings] connection in
                let poolSize = try Self.counter(pool.name, connection)
                let sampler = Sampler(pool: pool, connection: connection, generator: generator) {
                    excluded.contains($0) || leases.isHeld($0, byOtherThan: holder, at: time)
                }
                var chooser = Chooser(
                    settings: settings,
                    label: steering,
                    annotator: annotator,
                    poolSize: poolSize,
                    shown: shown,
                    sampler: sampler
                )
                let choices = try chooser.choose(strategy, limit: limit, explorationRate: explorationRate)
                let images = try choices.compactMap { try Self.offer($0, connection) }
                return (choices, images, poolSize)
            }
            (choices, images, poolSize) =
                limit <= Self.fewImages ? try catalog.readBriefly(pick) : try await catalog.read(pick)
            let connection = life.map { ObjectIdentifier($0) }
            taken = Set(leases.take(images.map(\.id), for: holder, at: time, seenIn: look, connection: connection))
            // Where others were quicker with all of them there are more: none would mean that there are no more.
        } while taken.isEmpty && !images.isEmpty
        if let life {
            let connection = ObjectIdentifier(life)
            life.onEnd(leases) { [leases] in leases.release(of: connection) }
        }
        record(
            choices.filter { taken.contains($0.id) },
            Serves.Occasion(label: steering.name, annotator: annotator, strategy: strategy, poolSize: poolSize),
            steering
        )
        return LabelsNext.Result(images: images.filter { taken.contains($0.id) })
    }

    /// `labels.release`
    func release(
        _ parameters: LabelsRelease,
        _ access: Access
    ) throws -> @Sendable (WriteTransaction) throws -> LabelsRelease.Result {
        let annotator = parameters.annotator ?? ""
        let holder = parameters.session ?? annotator
        return { [leases] transaction in
            let vault =
                access.allows(.holdout)
                ? try Vault.release(of: annotator, parameters.ids, transaction.connection) : 0
            transaction.afterCommit { leases.release(of: holder, parameters.ids) }
            return LabelsRelease.Result(released: vault + leases.held(by: holder, among: parameters.ids).count)
        }
    }

    /// Queues the record of a serve: it is behind the answer, and before any label that the answer brings about.
    private func record(_ choices: [Choice], _ occasion: Serves.Occasion, _ label: LabelSettings.Label) {
        guard !choices.isEmpty else { return }
        let operation = WriteOperation(stamp: nil) { transaction in
            try Serves.record(choices, occasion, label.shortName, transaction)
            return ByteBuffer()
        }
        catalog.writer.note(operation)
    }

    private func strategy(_ name: String?) throws -> Strategy {
        guard let name else { return .mixed }
        if let strategy = Strategy(rawValue: name) { return strategy }
        let known = Strategy.allCases.map(\.rawValue).joined(separator: ", ")
        throw WireError.invalidParams("params.strategy \"\(name.prefix(40))\" is unknown; there are \(known)")
    }

    /// The configured label of a name.
    func label(_ name: String) throws -> LabelSettings.Label {
        if let label = settings.labels.first(where: { $0.name == name }) { return label }
        let known = settings.labels.map(\.name).joined(separator: ", ")
        throw WireError.invalidParams("label \"\(name.prefix(100))\" is unknown; there are \(known)")
    }

    static func counter(_ name: String, _ connection: Connection) throws -> Int {
        try connection.first("SELECT count FROM label_counters WHERE name = ?", name) { $0.int(0) } ?? 0
    }

    private static func offer(_ choice: Choice, _ connection: Connection) throws -> LabelImage? {
        var image = try image(choice.id, connection)
        if choice.isSecondOpinion { image?.opinion = true }
        return image
    }

    /// An image for training's methods: that it is held out is an error, and nothing is told of it.
    static func image(_ id: Int64, _ connection: Connection) throws -> LabelImage? {
        guard let (image, isHoldout) = try anyImage(id, connection) else { return nil }
        // No query of these methods gives a held-out image; a bug there must not become a leak.
        guard !isHoldout else {
            throw WireError(
                .holdoutLeak,
                "image \(id) is held out and was about to be told to training; the answer is withheld"
            )
        }
        return image
    }

    /// Any image, and whether it is held out.
    static func anyImage(_ id: Int64, _ connection: Connection) throws -> (image: LabelImage, isHoldout: Bool)? {
        try connection.first(
            "SELECT filename, study_id, frame_number, frame_ref, split FROM labels WHERE id = ?",
            id
        ) { row in
            let image = LabelImage(
                id: id,
                filename: row.string(0),
                studyID: row.optionalString(1),
                frameNumber: row.optionalInteger(2),
                frameRef: row.optionalString(3),
                thumbnail: row.isNull(3) ? nil : "/thumbnails/\(id).png"
            )
            return (image, row.optionalString(4) == "test")
        }
    }
}
