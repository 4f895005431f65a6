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
        let names = labels.settings.labels.map(\.name)
        func count(_ condition: String) async throws -> Int {
            Int(try await integers("SELECT count(*) FROM labels WHERE \(condition)").first.flatMap { $0 } ?? -1)
        }
        var perLabel: [String: LabelsStats.Label] = [:]
        for name in names {
            perLabel[name] = LabelsStats.Label(
                labeled: try await count("has_\(name) IS NOT NULL"),
                yes: try await count("has_\(name) = 1")
            )
        }
        return LabelsStats.Result(
            total: try await count("1"),
            fullyLabeled: try await count(names.map { "has_\($0) IS NOT NULL" }.joined(separator: " AND ")),
            labels: perLabel,
            splits: LabelsStats.Splits(
                train: try await count("split = 'train'"),
                val: try await count("split = 'val'"),
                test: try await count("split = 'test'"),
                none: try await count("split IS NULL")
            )
        )
    }
}
