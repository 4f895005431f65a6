import Wire

/// A row of an import, checked, with the splits that its image may get.
struct LabelImportRow: Sendable {
    let filename: String
    let studyID: String?
    let frameNumber: Int64?
    /// In the order of the labels that the import has; nil leaves a label as it is.
    let values: [Int?]
    /// Whether the image is held out if it is new.
    let isHoldout: Bool
    /// Where its first label puts the image if it is new and not held out.
    let trainingSplit: String

    var isEmpty: Bool { values.allSatisfy { $0 == nil } }
    var isLabeledIfNew: Bool { !isHoldout && !isEmpty }
    var splitIfNew: String? { isHoldout ? "test" : isEmpty ? nil : trainingSplit }

    /// The rows of a request.
    static func rows(_ parameters: LabelsImport, _ settings: LabelSettings) throws -> [LabelImportRow] {
        let names = parameters.filenames
        guard (1...LabelsImport.mostRows).contains(names.count) else {
            throw WireError.invalidParams(
                "params.filenames has \(names.count) entries; 1 to \(LabelsImport.mostRows) are possible"
            )
        }
        try check(parameters.studyIDs?.count, "study_ids", names.count)
        try check(parameters.frameNumbers?.count, "frame_numbers", names.count)
        let columns = try settings.labels.compactMap { label in
            try parameters.labels[label.name].map { column in
                try check(column.count, "labels.\(label.name)", names.count)
                if let value = column.lazy.compactMap({ $0 }).first(where: { $0 != 0 && $0 != 1 }) {
                    throw WireError.invalidParams("labels.\(label.name) has \(value); a label is 0, 1 or null")
                }
                return column
            }
        }
        return names.indices.map { index in
            let study = parameters.studyIDs?[index]
            let key = settings.splitBy == .study ? study ?? "" : names[index]
            return LabelImportRow(
                filename: names[index],
                studyID: study,
                frameNumber: parameters.frameNumbers?[index],
                values: columns.map { $0[index] },
                isHoldout: settings.isHoldout(key),
                trainingSplit: settings.trainingSplit(key)
            )
        }
    }

    private static func check(_ count: Int?, _ name: String, _ expected: Int) throws {
        guard let count, count != expected else { return }
        throw WireError.invalidParams("params.\(name) has \(count) entries, params.filenames has \(expected)")
    }
}
