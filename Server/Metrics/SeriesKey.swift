import Wire

/// What tells the series of a table apart.
struct SeriesKey: Sendable {
    let table: MetricTable
    var runID: String?
    var type: String?
    var name: String
    var phase: String?
    var unit: String?
    var hostname: String?
    var processID: Int64?
}

extension SeriesKey: Hashable {
    private var texts: [String?] { [runID, type, name, phase, unit, hostname] }

    // By bytes: Swift holds strings for equal that differ in their Unicode form, SQLite does not.
    static func == (one: SeriesKey, other: SeriesKey) -> Bool {
        one.table == other.table && one.processID == other.processID
            && zip(one.texts, other.texts).allSatisfy { pair in
                switch pair {
                case (nil, nil): true
                case (let one?, let other?): one.utf8.elementsEqual(other.utf8)
                default: false
                }
            }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(runID)
        hasher.combine(phase)
        hasher.combine(type)
    }
}
