import Testing
import Wire

@testable import Server

/// Lists by filter, bulk labels, studies that lie on both sides.
struct LabelsFilterTests {
    private func filled() async throws -> (data: TestData, ids: [Int64]) {
        let data = try TestData(.withoutHoldout)
        let ids = try await data.insert((0..<20).map { "image \($0)" }, studies: (0..<20).map { "study \($0 / 5)" })
        try await data.predict(ids) { Double($0) / 20 }
        return (data, ids)
    }

    private func list(_ data: TestData, _ list: LabelsList) async throws -> [Int64] {
        try await data.call(list).images.compactMap { row in
            guard case .integer(let id)? = row["id"] else { return nil }
            return id
        }
    }

    @Test func listsFilterByConfidenceAnnotatorOutcomeAndStudy() async throws {
        let (data, ids) = try await filled()
        let range = LabelsList.Range(from: 0.45, to: 0.6)
        #expect(try await list(data, LabelsList(confidence: ["biopsy_tool": range])) == Array(ids[9...12]))
        #expect(try await list(data, LabelsList(confidence: ["biopsy_tool": .init(from: 0.95)])) == [ids[19]])
        try await data.call(LabelsSet(id: ids[3], labels: ["mag_view": 1], annotator: "ann"))
        try await data.call(LabelsSet(id: ids[4], labels: ["mag_view": 0], annotator: "ben"))
        try await data.call(LabelsSet(id: ids[5], labels: [:], outcome: .unusable, annotator: "ann"))
        #expect(try await list(data, LabelsList(annotator: "ann")) == [ids[3]])
        #expect(try await list(data, LabelsList(outcome: .unusable)) == [ids[5]])
        #expect(try await list(data, LabelsList(studyID: "study 0", labeled: true)) == [ids[3], ids[4]])
        #expect(try await list(data, LabelsList(text: "age 1", limit: 100)).count == 11)
    }

    @Test func manyLabelsAreOneCommitAndABadOneCostsOnlyItself() async throws {
        let (data, ids) = try await filled()
        let sets = ids[..<4].map { LabelsSet(id: $0, labels: ["biopsy_tool": 0], eventID: "page-\($0)") }
        let bad = LabelsSet(id: 777, labels: ["biopsy_tool": 1])
        let result = try await data.call(LabelsSetMany(sets + [bad], annotator: "ann"))
        #expect(result.images.map(\.id) == Array(ids[..<4]))
        #expect(result.rejected.map(\.index) == [4])
        #expect(result.rejected.map(\.kind) == ["not_found"])
        #expect(try await data.call(LabelsSetMany(sets, annotator: "ann")).images.count == 4)
        let stats = try await data.call(LabelsStats())
        #expect(stats.labels["biopsy_tool"]?.labeled == 4)
        #expect(stats.annotators.map(\.labels) == [4])
        #expect(try await data.refusal(LabelsSetMany([]))?.kind == .invalidParams)
    }

    @Test func timeAndHoursAreCounted() async throws {
        let (data, ids) = try await filled()
        try await data.call(LabelsSet(id: ids[0], labels: ["mag_view": 1], annotator: "ann", timeSpent: 1.5))
        try await data.call(LabelsSet(id: ids[1], labels: ["mag_view": 1], annotator: "ann", timeSpent: 2))
        try await data.call(LabelsUndo(annotator: "ann"))
        let stats = try await data.call(LabelsStats())
        #expect(stats.annotators == [.init(annotator: "ann", labels: 2, skips: 0, undos: 1, seconds: 3.5)])
        #expect(stats.hours.map(\.labels) == [2])
        #expect(abs((stats.hours.first?.from ?? 0) - Timestamp.now()) < 7200)
        let refusal = try await data.refusal(LabelsSet(id: ids[0], labels: ["mag_view": 1], timeSpent: -1))
        #expect(refusal?.kind == .invalidParams)
    }

    @Test func studiesOnBothSidesAreCounted() async throws {
        let data = try TestData()
        let names = (0..<400).map { "image \($0)" }
        try await data.insert(names, studies: names.indices.map { "study \($0 / 8)" })
        let counted = try await data.call(LabelsStats()).straddlingStudies
        #expect(counted > 10)
        #expect(counted == (try await data.recount()).straddlingStudies)
    }

    @Test func whatThePageAsksOfOneImage() async throws {
        let (data, ids) = try await filled()
        try await data.call(LabelsSet(id: ids[0], labels: ["mag_view": 1]))
        let told = try await data.call(LabelsGet(id: ids[0]))
        #expect(told.image.filename == "image 0")
        #expect(told.labels == ["biopsy_tool": nil, "mag_view": 1])
        #expect(told.labeledAt != nil && !told.isHoldout)
        #expect(try await data.refusal(LabelsGet(id: 999))?.kind == .notFound)
    }

    @Test func whatIsReleasedIsOfferedToOthersAtOnce() async throws {
        let (data, ids) = try await filled()
        let tab = LabelsNext(limit: 20, annotator: "ann", session: "tab 1")
        #expect(try await data.call(tab).images.count == 20)
        #expect(try await data.call(LabelsNext(limit: 20, annotator: "ann", session: "tab 2")).images.isEmpty)
        #expect(try await data.call(LabelsRelease(annotator: "ann", session: "tab 1", ids: [ids[0]])).released == 1)
        #expect(try await data.call(LabelsNext(limit: 20, annotator: "ben")).images.map(\.id) == [ids[0]])
    }
}
