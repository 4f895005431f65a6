import Foundation
import Holdfast

/// What is written below the picture of a step.
struct HeadUpDisplay {
    /// A step as it is shown.
    struct Moment: Equatable {
        var step: Int64
        var action: String?
        var reward: Double
        var total: Double
        var terminated: Bool
        var truncated: Bool
    }

    /// Characters of a line without which the numbers would not fit.
    static let fewestCharacters = 18
    /// Characters of a line from which on two things stand beside each other.
    private static let charactersOfTwo = 34
    private static let widthPerScale = 150
    private static let lineHeight = 10
    private static let margin = 4
    private static let dim: Canvas.Color = [160, 160, 160]
    private static let bright: Canvas.Color = [255, 255, 255]
    private static let ending: Canvas.Color = [255, 190, 60]

    /// Pixels of the canvas for one of the font.
    let scale: Int
    let width: Int

    /// The text grows with the picture; a picture too narrow for ``fewestCharacters`` gets a margin.
    init(pictureWidth: Int) {
        let shortest = Self.fewestCharacters * BitmapFont.advance + 2 * Self.margin
        scale = max(1, pictureWidth / Self.widthPerScale)
        width = max(pictureWidth, shortest * scale)
    }

    /// Characters that fit in a line.
    var characters: Int { (width / scale - 2 * Self.margin) / BitmapFont.advance }
    private var isWide: Bool { characters >= Self.charactersOfTwo }
    private var lineCount: Int { isWide ? 3 : 5 }
    var height: Int { (lineCount * Self.lineHeight + Self.margin) * scale }

    /// The texts of the lines, each of one or two columns.
    func lines(_ moment: Moment) -> [[String]] {
        let half = isWide ? characters / 2 : characters
        let ending = [moment.terminated ? "terminated" : nil, moment.truncated ? "truncated" : nil]
        let step = cut("step \(moment.step)", half)
        let reward = cut("reward \(Self.number(moment.reward))", half)
        let total = cut("return \(Self.number(moment.total))", half)
        let action = cut("action \(moment.action ?? "-")", characters)
        let end = cut(ending.compactMap { $0 }.joined(separator: " "), half)
        return isWide ? [[step, reward], [end, total], [action]] : [[step], [action], [reward], [total], [end]]
    }

    func draw(_ moment: Moment, on canvas: inout Canvas, below row: Int) {
        canvas.clear(from: row)
        for (line, texts) in lines(moment).enumerated() {
            for (column, text) in texts.enumerated() {
                let color = text.hasPrefix("t") ? Self.ending : text.hasPrefix("return") ? Self.bright : Self.dim
                canvas.draw(
                    text,
                    x: (Self.margin + column * (characters / 2) * BitmapFont.advance) * scale,
                    y: row + (Self.margin + line * Self.lineHeight) * scale,
                    scale: scale,
                    color: color
                )
            }
        }
    }

    private func cut(_ text: String, _ length: Int) -> String {
        text.count <= length ? text : text.prefix(max(0, length - 2)) + ".."
    }

    static func number(_ value: Double) -> String {
        value.isFinite ? String(format: "%.6g", value) : value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
    }

    /// An action as text: a number, or the numbers of an array.
    static func text(_ action: ArrayValue) -> String? {
        if let numbers = action.integers() { return list(numbers.map(String.init)) }
        return action.doubles().map { list($0.map { String(format: "%.3g", $0) }) }
    }

    private static func list(_ numbers: [String]) -> String {
        guard numbers.count != 1 else { return numbers[0] }
        return "[" + numbers.prefix(64).joined(separator: " ") + "]"
    }
}
