import Foundation

/// A figure as a script for gnuplot that draws it on standard output.
struct GnuplotScript {
    /// The most letters of a line's name.
    static let legendLimit = 24

    private static let width = 1600
    private static let left = 160
    private static let right = 330
    private static let top = 84
    private static let bottom = 76
    private static let panelHeight = 236
    private static let laneHeight = 27
    private static let gap = 54
    private static let dots = "pointtype 7 pointsize 0.4"

    private let figure: Figure
    private let scale: TimeScale

    init(_ figure: Figure) {
        self.figure = figure
        scale = TimeScale(length: figure.length)
    }

    /// The script, data included.
    var text: String {
        var heights = figure.panels.map { _ in Self.panelHeight }
        if !figure.lanes.isEmpty { heights.insert(figure.lanes.count * Self.laneHeight + 10, at: 0) }
        let height = Self.top + heights.reduce(0, +) + Self.gap * (heights.count - 1) + Self.bottom
        var lines = beginning(height: height)
        var edge = Self.top
        for (place, own) in heights.enumerated() {
            let isLast = place == heights.count - 1
            lines += frame(top: edge, height: own, of: height, isLast: isLast)
            if figure.lanes.isEmpty {
                lines += panel(figure.panels[place], place)
            } else if place == 0 {
                lines += lanes
            } else {
                lines += panel(figure.panels[place - 1], place)
            }
            edge += own + Self.gap
        }
        return (lines + ["unset multiplot", "unset output", ""]).joined(separator: "\n")
    }

    // MARK: Layout

    private func beginning(height: Int) -> [String] {
        [
            "set terminal pngcairo size \(Self.width),\(height) background rgb '#ffffff' font 'DejaVu Sans,13' noenhanced rounded linewidth 1.5",
            "set encoding utf8",
            "set multiplot",
            "set label 1 \(GnuplotText.quoted(figure.title, limit: 110)) at screen \(Self.across(Self.left)), "
                + "screen \(Self.number(1 - 28 / Double(height))) left font 'DejaVu Sans,16' textcolor rgb '#111111'",
            "set border 3 linecolor rgb '#555555' linewidth 0.7",
            "set tics out nomirror scale 0.6 textcolor rgb '#222222'",
            "set grid xtics ytics back linetype 1 linecolor rgb '#e3e3e3' linewidth 0.6",
            "set xrange [0:\(Self.number(figure.length / scale.seconds))]",
            "set style fill solid 1.0 noborder",
        ]
    }

    private func frame(top: Int, height: Int, of whole: Int, isLast: Bool) -> [String] {
        func up(_ pixels: Int) -> String { Self.number(1 - Double(pixels) / Double(whole)) }
        return [
            "set lmargin at screen \(Self.across(Self.left))",
            "set rmargin at screen \(Self.across(Self.width - Self.right))",
            "set tmargin at screen \(up(top))",
            "set bmargin at screen \(up(top + height))",
            "set key at screen \(Self.across(Self.width - Self.right + 64)), screen \(up(top)) left top Left reverse "
                + "samplen 2 spacing 1.25 font 'DejaVu Sans,11.5' textcolor rgb '#222222'",
            isLast ? "set format x '%g'" : "set format x ''",
            isLast ? "set xlabel 'time since start (\(scale.rawValue))' offset 0,0.2" : "unset xlabel",
        ]
    }

    private func title(_ text: String) -> String {
        "set label 2 \(GnuplotText.quoted(text, limit: 80)) at graph 0, graph 1 offset 0,0.75 left "
            + "font 'DejaVu Sans:Bold,13' textcolor rgb '#222222'"
    }

    // MARK: Operations

    private var lanes: [String] {
        let names = figure.lanes.enumerated().map { "\(GnuplotText.quotedFormat($1.title, limit: 15)) \($0)" }
        var lines = [
            title("Generation"), "set ytics (\(names.joined(separator: ", "))) scale 0 font 'DejaVu Sans,11.5'",
            "set yrange [\(Double(figure.lanes.count) - 0.4):-0.6]",
        ]
        let least = figure.length / Double(Self.width)
        for (place, lane) in figure.lanes.enumerated() {
            let rows = lane.bands.map { band in
                let begin = band.lowerBound / scale.seconds
                let end = max(band.upperBound, band.lowerBound + least) / scale.seconds
                return [begin, Double(place), begin, end, Double(place) - 0.34, Double(place) + 0.34]
                    .map(Self.number).joined(separator: " ")
            }
            lines += Self.block("$lane\(place)", rows)
        }
        let plots = figure.lanes.enumerated()
            .map { "$lane\($0) using 1:2:3:4:5:6 with boxxyerror fillcolor rgb '\($1.colour)' notitle" }
        lines += ["plot " + plots.joined(separator: ", "), "unset label 1", "set ytics autofreq scale 0.6 font ''"]
        return lines + bands
    }

    /// The operations' stretches behind all panels that follow.
    private var bands: [String] {
        figure.lanes.flatMap { lane in
            lane.bands.map { band in
                let (begin, end) = (band.lowerBound / scale.seconds, band.upperBound / scale.seconds)
                return
                    "set object rectangle from \(Self.number(begin)), graph 0 to \(Self.number(end)), graph 1 behind "
                    + "fillcolor rgb '\(lane.colour)' fillstyle transparent solid 0.20 noborder"
            }
        }
    }

    // MARK: Curves

    private func panel(_ panel: Figure.Panel, _ place: Int) -> [String] {
        var lines = [title(panel.title + (panel.isLogarithmic ? " (logarithmic)" : ""))]
        lines += axis("y", panel, panel.curves.filter { !$0.isOnRight })
        let onRight = panel.curves.filter(\.isOnRight)
        if let curve = onRight.first {
            lines += ["set border 11", "set y2tics textcolor rgb '\(curve.colour)'"]
            lines += axis("y2", panel, onRight)
        } else {
            lines += ["set border 3", "unset y2tics"]
        }
        var reaches: [String] = []
        var courses: [String] = []
        for (number, curve) in panel.curves.enumerated() where !curve.line.segments.isEmpty {
            let name = "$data\(place)_\(number)"
            let axes = "axes x1y\(curve.isOnRight ? 2 : 1)"
            let title = "title \(GnuplotText.quoted(curve.title, limit: Self.legendLimit))"
            lines += block(name, curve.line.segments)
            if curve.line.means.isEmpty {
                courses.append("\(name) \(axes) with \(look(curve)) \(title)")
                let alone = curve.line.segments.filter { $0.count == 1 }
                guard !isSparse(curve.line), !alone.isEmpty else { continue }
                lines += block(name + "_alone", alone)
                courses.append("\(name)_alone \(axes) with points \(Self.dots) linecolor rgb '\(curve.colour)' notitle")
            } else {
                // Below all courses, translucent, so that no line hides another.
                let pale = curve.colour.replacing("#", with: "#B8")
                reaches.append("\(name) \(axes) with lines linecolor rgb '\(pale)' linewidth 0.8 notitle")
                lines += block(name + "_means", curve.line.means)
                courses.append("\(name)_means \(axes) with \(look(curve)) \(title)")
            }
        }
        let plots = reaches + courses
        return lines + [plots.isEmpty ? "" : "plot " + plots.joined(separator: ", "), "unset label 1"]
    }

    private func look(_ curve: Figure.Curve) -> String {
        let style = isSparse(curve.line) ? "linespoints \(Self.dots)" : "lines"
        let count = curve.line.segments.reduce(0) { $0 + $1.count }
        let isDense = curve.line.means.isEmpty && count > 500 && !isSparse(curve.line)
        let width = isDense ? 0.8 : 1.2
        return "\(style) linecolor rgb '\(curve.colour)' dashtype \(curve.dash) linewidth \(width)"
    }

    /// Whether there are so few points that a line alone would not show them.
    private func isSparse(_ line: PlotLine) -> Bool {
        let count = line.segments.reduce(0) { $0 + $1.count }
        return line.means.isEmpty && (count <= 80 || count < 20 * line.segments.count)
    }

    private func axis(_ name: String, _ panel: Figure.Panel, _ curves: [Figure.Curve]) -> [String] {
        let greatest = curves.lazy.flatMap(\.values).max() ?? 1
        let least = curves.lazy.flatMap(\.values).min() ?? 0
        guard !panel.isLogarithmic else {
            return ["set logscale \(name)", "set format \(name) '%g'", "set \(name)range [*:*]"]
        }
        let room = greatest > least ? (greatest - least) * 0.06 : greatest == 0 ? 1 : greatest.magnitude * 0.1
        let (from, to) =
            panel.isFromZero && least >= 0 ? (0, greatest > 0 ? greatest * 1.06 : 1) : (least - room, greatest + room)
        return [
            "unset logscale \(name)", "set format \(name) '%g'",
            "set \(name)range [\(Self.number(from)):\(Self.number(to))]",
        ]
    }

    private func block(_ name: String, _ segments: [[PlotPoint]]) -> [String] {
        // An empty line interrupts a curve.
        let rows = segments.map { segment in
            segment.map { "\(Self.number($0.time / scale.seconds)) \(Self.number($0.value))" }
        }
        return Self.block(name, Array(rows.joined(separator: [""])))
    }

    private static func block(_ name: String, _ rows: [String]) -> [String] { ["\(name) << EOD"] + rows + ["EOD"] }

    private static func across(_ pixels: Int) -> String { number(Double(pixels) / Double(width)) }

    private static func number(_ value: Double) -> String { String(format: "%.9g", value) }
}
