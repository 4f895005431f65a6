/// The colours of Okabe and Ito, which people of any colour vision can tell apart.
enum Palette {
    private static let lines = ["#0072B2", "#D55E00", "#009E73", "#000000", "#CC79A7", "#56B4E9", "#E69F00"]
    private static let bands = ["#E69F00", "#56B4E9", "#CC79A7", "#009E73", "#F0E442", "#999999"]

    /// The most operations that have a colour of their own.
    static let mostBands = bands.count

    static func line(_ index: Int) -> String { lines[index % lines.count] }
    static func band(_ index: Int) -> String { bands[index % bands.count] }
}
