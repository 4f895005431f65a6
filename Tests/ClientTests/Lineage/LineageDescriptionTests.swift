import Holdfast
import Testing

/// What `print` shows of what lineage answers.
struct LineageDescriptionTests {
    private func node(_ id: String, _ type: String, depth: Int, by function: String? = nil) -> LineageNode {
        LineageNode(
            recordID: id,
            outputType: type,
            metadata: ["subject": 1, "session": "A"],
            lineage: function.map { Lineage(functionName: $0, functionHash: "") },
            createdAt: nil,
            depth: depth
        )
    }

    @Test func aGraphIsALineForEachRecord() {
        var rest = node("cc", "Raw", depth: 1)
        rest.metadata = nil
        rest.isEvicted = true
        let graph = LineageGraph(
            records: [node("aa", "Filtered", depth: 0, by: "bandpass"), node("bb", "Raw", depth: 1), rest],
            edges: [
                .init(from: "bb", to: "aa", name: "signal"), .init(from: "cc", to: "aa", name: "baseline"),
                .init(from: "bb", to: "aa", name: "reference"), .init(from: "dd", to: "bb", name: "frame"),
            ],
            isCut: true
        )
        #expect(
            "\(graph)" == """
                Filtered aa (session=A, subject=1) by bandpass
                  signal, reference: Raw bb (session=A, subject=1)
                  baseline: Raw cc, evicted
                … and more, which is not told here
                """
        )
    }

    @Test func downstreamIsBoundByWhatItWasGiven() {
        let graph = LineageGraph(
            records: [node("bb", "Raw", depth: 0), node("aa", "Filtered", depth: 1, by: "bandpass")],
            edges: [.init(from: "bb", to: "aa", name: "signal")],
            isCut: false
        )
        #expect("\(graph)".hasSuffix("\n  signal: Filtered aa (session=A, subject=1) by bandpass"))
    }

    @Test func whyIsALineForEachChange() {
        var why = LineageWhy.Result(
            previousRecordID: "bb",
            changes: [
                .init(kind: .input, name: "signal", before: "11", after: "22"),
                .init(kind: .constant, name: "low", before: nil, after: 20),
                .init(kind: .function, name: "bandpass", before: "33", after: nil),
            ],
            outdated: [
                .init(name: "signal", recordID: "dd", latestRecordID: "ee"),
                .init(name: "baseline", recordID: "ff", latestRecordID: nil),
            ]
        )
        #expect(
            "\(why)" == """
                since bb
                input: signal changed from 11 to 22
                constant: low is new
                function: bandpass is gone
                outdated: signal is dd, the latest ee
                outdated: baseline is ff, of which there is none any more
                """
        )
        (why.changes, why.outdated) = ([], [])
        #expect("\(why)" == "since bb nothing changed")
        why.previousRecordID = nil
        #expect("\(why)" == "nothing before it to compare it with")
    }
}
