import Wire

extension Labels {
    /// The share of picks nearest to undecided (the reference mix is 10 % random, 45 % uncertain, 45 % confident).
    private static let uncertainRate = 0.45

    /// `labels.next`
    func next(_ parameters: LabelsNext) async throws -> LabelsNext.Result {
        let limit = try Page.limit(parameters.limit, default: 1, maximum: 1000)
        let explorationRate = parameters.explorationRate ?? 0.10
        guard (0...1).contains(explorationRate) else {
            throw WireError.invalidParams("params.exploration_rate is \(explorationRate); it must be within 0 … 1")
        }
        let strategy = parameters.strategy ?? "mixed"
        guard strategy == "mixed" else {
            throw WireError.invalidParams("params.strategy \"\(strategy)\" is unknown; there is \"mixed\"")
        }
        let excluded = parameters.exclude ?? []
        guard excluded.count <= 10_000 else { throw WireError.invalidParams("params.exclude has more than 10 000 ids") }
        let pool = try parameters.label.map { CandidatePool.missing(try label($0)) } ?? .all(settings)
        let annotator = parameters.annotator ?? ""
        let time = Timestamp.now()
        let unavailable = leases.heldByOthers(than: annotator, at: time).union(excluded)
        var generator = SeededGenerator(
            seed: parameters.seed.map { UInt64(bitPattern: $0) } ?? UInt64.random(in: 0 ... .max)
        )
        let roll = Double.random(in: 0..<1, using: &generator)
        let branch: Sampler.Branch =
            roll < explorationRate ? .random : roll < explorationRate + Self.uncertainRate ? .uncertain : .confident
        let start = generator
        let images = try await catalog.read { connection in
            var sampler = Sampler(pool: pool, connection: connection, excluded: unavailable, generator: start)
            return try sampler.pick(branch, limit: limit).compactMap { try Self.image($0, connection) }
        }
        let taken = Set(leases.take(images.map(\.id), for: annotator, at: time))
        return LabelsNext.Result(images: images.filter { taken.contains($0.id) })
    }

    /// The configured label of a name.
    func label(_ name: String) throws -> LabelSettings.Label {
        if let label = settings.labels.first(where: { $0.name == name }) { return label }
        let known = settings.labels.map(\.name).joined(separator: ", ")
        throw WireError.invalidParams("label \"\(name.prefix(100))\" is unknown; there are \(known)")
    }

    private static func image(_ id: Int64, _ connection: Connection) throws -> LabelImage? {
        let image = try connection.first(
            "SELECT filename, study_id, frame_number, frame_ref, split FROM labels WHERE id = ?",
            id
        ) { row in
            (
                image: LabelImage(
                    id: id,
                    filename: row.string(0),
                    studyID: row.optionalString(1),
                    frameNumber: row.optionalInteger(2),
                    frameRef: row.optionalString(3),
                    thumbnail: row.isNull(3) ? nil : "/thumbnails/\(id).png"
                ),
                isHoldout: row.optionalString(4) == "test"
            )
        }
        // The pool has no test rows; a bug there must not become a leak.
        if image?.isHoldout ?? false {
            throw WireError(.holdoutLeak, "image \(id) is held out and was about to be offered for training")
        }
        return image?.image
    }
}
