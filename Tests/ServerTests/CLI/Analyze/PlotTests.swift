import Foundation
import Testing

@testable import Server

struct PlotTests {
    private func thinned(_ points: [(Double, Double)], length: Double, limit: Int = 1600) -> [[PlotPoint]] {
        var thinner = SeriesThinner(length: length, limit: limit)
        for (time, value) in points { thinner.add(PlotPoint(time: time, value: value)) }
        return thinner.line.segments
    }

    @Test func fewPointsStayAsTheyAre() {
        let points = (0..<100).map { (Double($0), Double($0 % 7)) }
        #expect(thinned(points, length: 100) == [points.map(PlotPoint.init)])
        #expect(thinned([], length: 1) == [])
        #expect(thinned([(0, 5)], length: 0) == [[PlotPoint(time: 0, value: 5)]])
    }

    @Test func ofManyPointsTheExtremesStay() {
        var points = (0..<100_000).map { (Double($0), 1.0) }
        points[31_234].1 = -50
        points[77_777].1 = 90
        let segments = thinned(points, length: 100_000)
        #expect(segments.count == 1)
        let line = segments.flatMap(\.self)
        #expect(line.count <= 1600)
        #expect(line.contains(PlotPoint(time: 31_234, value: -50)))
        #expect(line.contains(PlotPoint(time: 77_777, value: 90)))
        #expect(line.map(\.time) == line.map(\.time).sorted())
    }

    @Test func ofManyPointsTheMeansAreALineOfTheirOwn() {
        var thinner = SeriesThinner(length: 100_000)
        for number in 0..<100_000 { thinner.add(PlotPoint(time: Double(number), value: Double(number % 2))) }
        let means = thinner.line.means.flatMap(\.self)
        #expect(means.count == 400)
        #expect(means.allSatisfy { $0.value == 0.5 })
        #expect(means.first?.time ?? 0 > 0 && means.last?.time ?? 0 < 100_000)
    }

    @Test(arguments: [200, 20_000])
    func longGapsAreNotJoined(count: Int) {
        let half = Double(count / 2)
        let points = (0..<count).map { (Double($0) + (Double($0) >= half ? half : 0), 1.0) }
        let segments = thinned(points, length: 1.5 * Double(count))
        #expect(segments.count == 2)
        #expect(segments.last?.first?.time == 2 * half)
        // Nine times the usual spacing is none.
        #expect(thinned([(0, 1), (1, 1), (2, 1), (11, 1), (12, 1)], length: 12).count == 1)
        #expect(thinned([(0, 1), (1, 1), (2, 1), (13, 1), (14, 1)], length: 14).count == 2)
    }

    @Test func bandsOfOneOperationAreMerged() {
        var merger = BandMerger(tolerance: 0.5)
        for band in [0.0...2, 1...3, 3.4...4, 3.5...3.6, 5...6] { merger.add(band) }
        #expect(merger.bands == [0...4, 5...6])
    }

    @Test func theAxisIsInReadableUnits() {
        #expect(TimeScale(length: 90) == .seconds)
        #expect(TimeScale(length: 600) == .minutes)
        #expect(TimeScale(length: 86400) == .hours)
    }

    @Test(arguments: ["it's `id`", "'; system('id'); '", "a\nEOD\n!id", "\\", "\u{1B}[0m"])
    func textsCantLeaveTheirQuotes(text: String) {
        for quoted in [GnuplotText.quoted(text, limit: 60), GnuplotText.quotedFormat(text, limit: 60)] {
            #expect(quoted.first == "'" && quoted.last == "'")
            let inside = quoted.dropFirst().dropLast()
            #expect(!inside.contains("'") && !inside.contains("`") && !inside.contains(where: \.isNewline))
        }
        #expect(GnuplotText.quotedFormat("5%", limit: 9) == "'5%%'")
    }

    @Test func lossesOverDecadesAreLogarithmic() {
        func panel(_ values: [Double], isFromZero: Bool = false) -> Figure.Panel {
            let points = values.enumerated().map { PlotPoint(time: Double($0), value: $1) }
            let curve = Figure.Curve(title: "x", colour: "#000000", line: PlotLine(segments: [points]))
            return Figure.Panel(title: "x", isFromZero: isFromZero, curves: [curve])
        }
        #expect(panel([0.01, 2]).isLogarithmic)
        #expect(!panel([0.1, 2]).isLogarithmic)
        #expect(!panel([0, 2]).isLogarithmic)
        #expect(!panel([-1, 0.001, 2]).isLogarithmic)
        #expect(!panel([0.01, 2], isFromZero: true).isLogarithmic)
        #expect(!panel([]).isLogarithmic)
    }

    @Test func theMachineOfARunHasAPanelForEachKind() {
        func resource(_ type: String, _ name: String, _ unit: String, peak: Double) -> ResourceSeries {
            ResourceSeries(type: type, name: name, unit: unit, peak: peak)
        }
        let all = [
            resource("cpu", "process_tree", "%", peak: 90), resource("cpu", "system_total", "%", peak: 95),
            resource("cpu", "core_0", "%", peak: 99), resource("ram", "process_tree", "MB", peak: 20000),
            resource("ram", "system_total", "%", peak: 60), resource("gpu", "10_memory", "MB", peak: 4000),
            resource("gpu", "2_memory", "MB", peak: 16000), resource("gpu", "2_temperature", "C", peak: 70),
        ]
        let chosen = ResourcePanels.choose(from: all)
        let point = PlotPoint(time: 0, value: 8000)
        let panels = ResourcePanels(series: chosen.map { .init(resource: $0, line: PlotLine(segments: [[point]])) })
            .panels
        #expect(panels.map(\.title) == ["CPU (%)", "RAM (%, GB)", "GPU memory (GB)"])
        #expect(
            panels.map { $0.curves.map(\.title) } == [
                ["system", "process tree"], ["system (%, left)", "process tree (GB, right)"], ["GPU 2", "GPU 10"],
            ]
        )
        #expect(panels.map { $0.curves.map(\.isOnRight) } == [[false, false], [false, true], [false, false]])
        #expect(panels.last?.curves.first?.line.segments == [[PlotPoint(time: 0, value: 8)]])
    }
}
