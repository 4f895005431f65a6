/// Texts as they can stand in a gnuplot script, whatever they contain.
enum GnuplotText {
    /// A literal in single quotes, in which gnuplot expands nothing: no commands in backticks, no escapes.
    static func quoted(_ text: String, limit: Int) -> String {
        // Backticks go all the same: nothing that could be a command is to come near one that is careless with quotes.
        let plain = Human.text(text, limit: limit).replacing("`", with: "\u{2018}")
        return "'" + plain.replacing("'", with: "''") + "'"
    }
}
