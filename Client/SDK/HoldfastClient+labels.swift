import Wire

extension HoldfastClient {
    /// The next images to label, leased to the annotator.
    ///
    /// - Parameter label: The label that must be missing and whose confidence steers; by default the first steers and
    ///   all are missing.
    public func nextImages(
        limit: Int? = nil,
        label: String? = nil,
        annotator: String? = nil,
        seed: Int64? = nil
    ) async throws -> [LabelImage] {
        try await call(LabelsNext(limit: limit, label: label, seed: seed, annotator: annotator)).images
    }

    /// Sets labels of an image to 0 or 1; nil erases one.
    @discardableResult
    public func setLabels(
        _ labels: [String: Int?],
        ofImage id: Int64,
        outcome: LabelsSet.Outcome? = nil,
        annotator: String? = nil,
        eventID: String? = nil
    ) async throws -> LabelsSet.Result {
        try await call(LabelsSet(id: id, labels: labels, outcome: outcome, annotator: annotator, eventID: eventID))
    }

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
}
