import Testing
import Wire

@testable import Server

extension LabelSettings {
    /// No image is held out.
    static let withoutHoldout: LabelSettings = {
        var settings = standard
        settings.holdoutPercent = 0
        return settings
    }()
}

extension TestData {
    /// Inserts images by name and gives their ids.
    @discardableResult
    func insert(_ names: [String], studies: [String]? = nil) async throws -> [Int64] {
        let images = names.enumerated().map { index, name in
            ImagesInsert.Image(filename: name, studyID: studies?[index])
        }
        return try await call(ImagesInsert(images: images)).ids
    }

    /// One column of an image's row.
    func column(_ name: String, of id: Int64) async throws -> SQLValue? {
        try await catalog.read { try $0.first("SELECT \(name) FROM labels WHERE id = ?", id) { $0.value(0) } }
    }

    /// The counters, counted anew.
    func recount() async throws -> LabelsStats.Result {
        func count(_ condition: String) async throws -> Int {
            Int(try await integers("SELECT count(*) FROM labels WHERE \(condition)").first.flatMap { $0 } ?? -1)
        }
        let names = labels.settings.labels.map(\.name)
        let any = "(\(names.map { "has_\($0) IS NOT NULL" }.joined(separator: " OR ")))"
        let all = names.map { "has_\($0) IS NOT NULL" }.joined(separator: " AND ")
        var perLabel: [String: LabelsStats.Label] = [:]
        var progress: [String: LabelsStats.Progress] = [:]
        for label in labels.settings.labels {
            func counts(_ condition: String) async throws -> LabelsStats.Label {
                LabelsStats.Label(
                    labeled: try await count("has_\(label.name) IS NOT NULL AND \(condition)"),
                    yes: try await count("has_\(label.name) = 1 AND \(condition)")
                )
            }
            perLabel[label.name] = try await counts("split IS NOT 'test'")
            progress[label.name] = LabelsStats.Progress(
                open: try await count(CandidatePool.missing(label).condition),
                train: try await counts("split = 'train'"),
                val: try await counts("split = 'val'")
            )
        }
        let straddling = """
            SELECT count(*) FROM (SELECT 1 FROM labels WHERE study_id IS NOT NULL GROUP BY study_id
            HAVING count(DISTINCT split IS 'test') > 1 OR (sum(split IS 'train') > 0 AND sum(split IS 'val') > 0))
            """
        return LabelsStats.Result(
            total: try await count("1"),
            fullyLabeled: try await count("\(all) AND split IS NOT 'test'"),
            labels: perLabel,
            splits: LabelsStats.Splits(
                train: try await count("split = 'train'"),
                val: try await count("split = 'val'"),
                test: try await count("split = 'test'"),
                none: try await count("split IS NULL")
            ),
            progress: progress,
            skipped: try await count("skipped_at IS NOT NULL"),
            outcomes: LabelsStats.Outcomes(
                unsure: try await count("outcome = 'unsure'"),
                unusable: try await count("outcome = 'unusable'")
            ),
            holdoutLabeled: try await count("\(any) AND split = 'test'"),
            straddlingStudies: Int(try await integers(straddling)[0] ?? -1),
            splitBy: labels.settings.splitBy.rawValue
        )
    }

    /// The counters as they are told, without what is counted from events.
    func counters() async throws -> LabelsStats.Result {
        var stats = try await call(LabelsStats())
        stats.annotators = []
        stats.hours = []
        stats.strategies = []
        return stats
    }
}
