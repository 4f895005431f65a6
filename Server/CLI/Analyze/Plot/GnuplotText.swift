/// Texts as they can stand in a gnuplot script, whatever they contain.
enum GnuplotText {
    /// A literal in single quotes, in which gnuplot expands nothing: no commands in backticks, no escapes.
    static func quoted(_ text: String, limit: Int) -> String {
        // Doubled quotes don't mean a quote everywhere in gnuplot, so they and the backticks become the typographic ones.
        let plain = Human.text(text, limit: limit).replacing("'", with: "\u{2019}").replacing("`", with: "\u{2018}")
        return "'\(plain)'"
    }

    /// The same for the marks of an axis, which gnuplot takes for formats.
    static func quotedFormat(_ text: String, limit: Int) -> String {
        quoted(text, limit: limit).replacing("%", with: "%%")
    }
}
