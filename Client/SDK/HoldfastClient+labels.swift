public import Wire

extension HoldfastClient {
    // MARK: Labeling

    /// The next images to label, leased to the annotator for five minutes or until this client's connection ends.
    ///
    /// - Parameters:
    ///   - label: The label that must be missing and whose confidence steers; by default the first steers and all are
    ///     missing.
    ///   - strategy: `mixed` (the default), `uncertain`, `random`, `hunt`, `surprise`, `diverse`, `balanced` or `double`.
    public func nextImages(
        limit: Int? = nil,
        label: String? = nil,
        strategy: String? = nil,
        annotator: String? = nil,
        seed: Int64? = nil
    ) async throws -> [LabelImage] {
        let next = LabelsNext(limit: limit, label: label, strategy: strategy, seed: seed, annotator: annotator)
        return try await call(next).images
    }

    /// Sets labels of an image to 0 or 1; nil erases one.
    ///
    /// - Parameter opinion: True gives a second opinion: the label that counts stays, and a difference is queued for review.
    @discardableResult
    public func setLabels(
        _ labels: [String: Int?],
        ofImage id: Int64,
        outcome: LabelsSet.Outcome? = nil,
        annotator: String? = nil,
        opinion: Bool? = nil,
        eventID: String? = nil
    ) async throws -> LabelsSet.Result {
        let set = LabelsSet(
            id: id,
            labels: labels,
            outcome: outcome,
            annotator: annotator,
            opinion: opinion,
            eventID: eventID
        )
        return try await call(set)
    }

    /// Sets the labels of many images in one commit; what is refused is in the result and does not take others along.
    @discardableResult
    public func setLabels(_ sets: [LabelsSet], annotator: String? = nil) async throws -> LabelsSetMany.Result {
        try await call(LabelsSetMany(sets, annotator: annotator))
    }

    /// Labels images by name, those that are not there yet too: some ten times as fast as one by one. Held-out images get
    /// no label.
    @discardableResult
    public func importLabels(_ rows: LabelsImport) async throws -> LabelsImport.Result { try await call(rows) }

    /// Takes back the annotator's last labeling, or the last one of an image.
    @discardableResult
    public func undoLabels(
        ofImage id: Int64? = nil,
        annotator: String? = nil,
        eventID: String? = nil
    ) async throws -> LabelsUndo.Result {
        try await call(LabelsUndo(annotator: annotator, id: id, eventID: eventID))
    }

    /// Counts of images and labels.
    public func labelStats() async throws -> LabelsStats.Result { try await call(LabelsStats()) }

    // MARK: Training

    /// The labeled images to train and validate on, page by page as they are asked for; never a held-out one.
    ///
    /// ```swift
    /// for try await row in client.trainVal() { … row["split"] … row["has_biopsy_tool"] … }
    /// ```
    public func trainVal(pageSize: Int = 1000) -> PagedRows {
        PagedRows { [self] cursor in
            let page = try await call(LabelsTrainVal(limit: pageSize, cursor: cursor))
            return (page.train + page.val, page.cursor)
        }
    }

    /// The images that a filter finds, page by page as they are asked for; never a held-out one.
    public func images(_ filter: LabelsList = LabelsList()) -> PagedRows {
        PagedRows { [self] cursor in
            var list = filter
            list.cursor = cursor
            let page = try await call(list)
            return (page.images, page.cursor)
        }
    }

    /// Writes a model's confidences: label to one for each id, 0 … 1. Labeled and held-out images are passed over.
    @discardableResult
    public func updatePredictions(
        ids: [Int64],
        confidences: [String: [Double]]
    ) async throws -> LabelsUpdatePredictions.Result {
        try await call(
            LabelsUpdatePredictions(
                ids: try ArrayValue(ids),
                confidences: try confidences.mapValues { try ArrayValue($0) }
            )
        )
    }

    /// Writes out-of-sample scores of labeled images: label to one for each id, 0 … 1. They find likely label errors.
    @discardableResult
    public func updateScores(
        ids: [Int64],
        confidences: [String: [Double]]
    ) async throws -> LabelsUpdateScores.Result {
        try await call(
            LabelsUpdateScores(
                ids: try ArrayValue(ids),
                confidences: try confidences.mapValues { try ArrayValue($0) }
            )
        )
    }

    /// Freezes the train and val set as it is now: the same state gives the same snapshot.
    public func createSnapshot(note: String? = nil) async throws -> Snapshot {
        try await call(SnapshotsCreate(note: note))
    }

    // MARK: Hold-out

    /// Held-out images to label, at random and blind.
    public func nextHoldoutImages(
        limit: Int? = nil,
        label: String? = nil,
        annotator: String? = nil
    ) async throws -> [HoldoutImage] {
        try await call(HoldoutNext(limit: limit, label: label, annotator: annotator)).images
    }

    /// All held-out images, to run a model on.
    public func holdoutImages() async throws -> [HoldoutImage] {
        var images: [HoldoutImage] = []
        var cursor: String?
        repeat {
            let page = try await call(HoldoutImages(limit: 10_000, cursor: cursor))
            images += page.images
            cursor = page.cursor
        } while cursor != nil
        return images
    }

    /// Measures a model on the held-out images; the look is written to the ledger with its reason.
    public func evaluateHoldout(
        label: String,
        predictions: [HoldoutEvaluate.Prediction],
        threshold: Double? = nil,
        reason: String
    ) async throws -> HoldoutEvaluate.Result {
        try await call(
            HoldoutEvaluate(label: label, predictions: predictions, threshold: threshold, reason: reason)
        )
    }
}

/// Rows of the table `labels`: its columns by name; times are UNIX seconds.
public typealias PagedRows = Paged<[String: JSONValue]>
