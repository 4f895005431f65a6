import NIOCore
import Testing
import Wire

@testable import Holdfast

/// Values that variables are made of.
struct TableTests {
    @Test func columnsComeBackAsTheyWere() throws {
        var table = Table()
        try table.set("force", [1.5, .nan, -0.0])
        try table.set("label", ["rest", nil, "ö"])
        try table.set("count", [1, 2, 3] as [Int64])
        try table.set("isGood", [true, false, true])
        try table.set("missing", [1, nil, 2.5])
        try table.set("name", ["a", "b", "c"])
        #expect(table.rowCount == 3 && table.names == ["count", "force", "isGood", "label", "missing", "name"])
        let loaded = try VariableValue.table(contents(of: table)).table()
        #expect(try loaded.doubles("force").map(\.bitPattern) == [1.5, .nan, -0.0].map(\.bitPattern))
        #expect(try loaded.optionalStrings("label") == ["rest", nil, "ö"])
        #expect(try loaded.array("count") == ArrayValue([1, 2, 3] as [Int64]))
        #expect(try loaded.doubles("isGood") == [1, 0, 1])
        #expect(try loaded.optionalDoubles("missing") == [1, nil, 2.5])
        #expect(try loaded.optionalDoubles("count") == [1, 2, 3])
        #expect(try loaded.strings("name") == ["a", "b", "c"])
        #expect(try loaded.select(["name", "count"]).names == ["count", "name"])
    }

    private func contents(of table: Table) throws -> [String: TableColumn] {
        guard case .table(let columns) = table.value else { return [:] }
        return columns
    }

    @Test func aColumnOfAnotherLengthOrThatIsNotThereIsAnError() throws {
        var table = Table()
        try table.set("a", [1.0, 2])
        #expect(throws: HoldfastError.self) { try table.set("b", [1.0]) }
        #expect(throws: HoldfastError.self) { try table.doubles("c") }
        #expect(throws: HoldfastError.self) { try table.strings("a") }
        #expect(throws: HoldfastError.self) { try table.set("b", [nil, .nan] as [Double?]) }
        #expect(throws: HoldfastError.self) {
            try table.set("b", try ArrayValue(dtype: .uint8, shape: [], bytes: .init(bytes: [1])))
        }
        try table.set("a", [1.0])
        #expect(table.rowCount == 1)
    }

    @Test func columnsThatOtherClientsWroteAreRead() throws {
        let numbers = NumericColumn(try ArrayValue([1.0, 2, 3]), valid: try ArrayValue([true, false, true]))
        let table = try Table(["a": .numbers(numbers), "b": .strings(try StringColumn(["x", nil, "x"]))])
        #expect(try table.optionalDoubles("a") == [1, nil, 3])
        #expect(try table.optionalStrings("b") == ["x", nil, "x"])
        #expect(throws: HoldfastError.self) { try table.array("a") }
    }

    private struct Settings: Variable, Codable, Equatable {
        var rate: Double
        var names: [String]
    }

    @Test func aCodableVariableIsKeptAsJSON() throws {
        let settings = Settings(rate: 0.5, names: ["a"])
        #expect(try settings.encode() == .json(["names": ["a"], "rate": 0.5]))
        #expect(try Settings.decode(try settings.encode()) == settings)
        #expect(Settings.variableName == "Settings" && Settings.schemaVersion == 1)
        #expect(throws: HoldfastError.self) { try Settings.decode(.array(try ArrayValue([1.0]))) }
    }

    @Test func valuesOfManyLocationsBecomeOneTable() throws {
        var rows = StackedRows()
        try rows.add(.json(1), ["subject": 1])
        try rows.add(.json("two"), ["subject": 2, "session": "A"])
        try rows.add(.array(try ArrayValue([1.5, 2])), ["subject": 3])
        var table = Table()
        try table.set("x", [1.0, 2])
        try rows.add(table.value, ["subject": 4])
        let made = try rows.table()
        #expect(made.rowCount == 5 && made.names == ["session", "subject", "value", "x"])
        #expect(try made.doubles("subject") == [1, 2, 3, 4, 4])
        #expect(try made.values("session") == [.null, "A", .null, .null, .null])
        #expect(try made.values("value") == [1, "two", [1.5, 2.0], .null, .null])
        #expect(try made.optionalDoubles("x") == [nil, nil, nil, 1, 2])
        #expect(throws: HoldfastError.self) { try rows.add(table.value, ["x": 4]) }
    }

    // MARK: Combinations

    private func locations(_ combinations: Combinations) -> [Metadata] {
        guard case .these(let locations) = combinations else { return [] }
        return locations
    }

    @Test func combinationsAreProductsAndPairs() throws {
        let product = locations(.product(["subject": [1, 2], "session": ["A", "B"]]))
        #expect(
            product.map(\.shown) == [
                "session=A, subject=1", "session=B, subject=1", "session=A, subject=2", "session=B, subject=2",
            ]
        )
        let pairs = locations(try .zip(["subject": [1, 2], "session": ["A", "B"]]))
        #expect(pairs.map(\.shown) == ["session=A, subject=1", "session=B, subject=2"])
        #expect(throws: HoldfastError.self) { try Combinations.zip(["subject": [1, 2], "session": ["A"]]) }
    }
}
