import Testing
import Wire

@testable import Server

struct MetricsTests {
    private static let table = "training_metrics"

    private func row(_ members: [String: JSONValue]) -> JSONValue {
        .object(["table": "training_metrics", "metric_name": "loss", "metric_value": 0.5].merging(members) { $1 })
    }

    private func query(
        _ data: TestData,
        _ query: MetricsQuery = MetricsQuery(table: table)
    ) async throws
        -> [[String: JSONValue]]
    {
        try await data.call(query).rows
    }

    // MARK: Rows

    @Test func aRowComesBackWithAllItsColumns() async throws {
        let data = try TestData()
        let members: [String: JSONValue] = [
            "timestamp": 1_700_000_000.5, "run_id": "a", "metric_name": "précision 🧪", "metric_value": 0.25,
            "round_number": 1, "epoch_number": 2, "step": 3, "phase": "train",
        ]
        #expect(try await data.call(MetricsAppend(rows: [row(members)])).stored == 1)
        #expect(try await query(data) == [members])
    }

    @Test func whatARowLeavesOutIsTheRequestsOrNull() async throws {
        let data = try TestData()
        try await data.call(MetricsAppend(runID: "a", rows: [row([:]), row(["run_id": "b"])]))
        let rows = try await query(data)
        #expect(rows.map { $0["run_id"] } == ["a", "b"])
        #expect(rows[0]["step"] == .null)
        #expect(rows[0]["phase"] == .null)
        guard case .number(let time)? = rows[0]["timestamp"] else {
            Issue.record("the timestamp is no number")
            return
        }
        #expect(abs(time - Timestamp.now()) < 60)
    }

    @Test func aBadRowCostsOnlyItself() async throws {
        let data = try TestData()
        let rows: [JSONValue] = [
            row(["step": 0]), row(["table": "training"]), row(["colour": "red"]), 7, row(["metric_value": "high"]),
            row(["metric_name": ""]), row(["metric_value": .null]), row(["step": 1.5]), row(["run_id": "../x"]),
            row(["timestamp": "NaN"]), row(["phase": 3]), .object(["metric_name": "loss", "metric_value": 1]),
            row(["step": 12]),
        ]
        let result = try await data.call(MetricsAppend(rows: rows))
        #expect(result.stored == 2)
        #expect(result.rejected.map(\.index) == Array(1...11))
        #expect(result.rejected.prefix(2).map(\.kind) == ["unknown_table", "unknown_column"])
        #expect(result.rejected[1].message.contains("there are timestamp, run_id, "), "\(result.rejected[1].message)")
        #expect(result.rejected.dropFirst(2).allSatisfy { $0.kind == "invalid_params" })
        #expect(result.rejected.allSatisfy { !$0.message.isEmpty })
        #expect(try await query(data).map { $0["step"] } == [0, 12])
    }

    @Test(arguments: [("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity")])
    func whatIsNotFiniteIsKept(value: String, stored: String) async throws {
        let data = try TestData()
        try await data.call(MetricsAppend(rows: [row(["metric_value": .string(value)]), row([:])]))
        #expect(try await query(data).map { $0["metric_value"] } == [.string(value), 0.5])
        #expect(try await data.strings("SELECT non_finite FROM training_metrics") == [stored, nil])
        #expect(try await data.integers("SELECT is_finite FROM training_metrics") == [0, 1])
        #expect(try await data.integers("SELECT metric_value IS NULL FROM training_metrics") == [1, 0])
    }

    @Test(arguments: [0, 9_007_199_254_740_993, .max, .min] as [Int64])
    func integersAreStoredExactly(step: Int64) async throws {
        let data = try TestData()
        let result = try await data.call(MetricsAppend(rows: [row(["step": .integer(step)])]))
        #expect(result.rejected == [])
        #expect(try await data.integers("SELECT step FROM training_metrics") == [step])
    }

    // MARK: Columns

    @Test func columnsGiveTheRowsTheyStandFor() async throws {
        let data = try TestData()
        let block = MetricsAppend.Block(
            table: Self.table,
            count: 3,
            columns: [
                "metric_name": .strings(try StringColumn(["loss", "acc", "loss"])),
                "metric_value": .numbers(NumericColumn(try ArrayValue([1.5, .nan, -.infinity]))),
                "timestamp": .numbers(NumericColumn(try ArrayValue([1.0, 2, 3]))),
                "step": .numbers(
                    NumericColumn(try ArrayValue([10, 20, 30] as [Int64]), valid: try ArrayValue([true, false, true]))
                ),
                "phase": .strings(try StringColumn(["train", nil, "val"])),
            ]
        )
        #expect(try await data.call(MetricsAppend(runID: "a", columns: [block])).stored == 3)
        let rows = try await query(data)
        #expect(rows.map { $0["metric_name"] } == ["loss", "acc", "loss"])
        #expect(rows.map { $0["metric_value"] } == [1.5, "NaN", "-Infinity"])
        #expect(rows.map { $0["step"] } == [10, .null, 30])
        #expect(rows.map { $0["phase"] } == ["train", .null, "val"])
        #expect(rows.map { $0["run_id"] } == ["a", "a", "a"])
    }

    @Test func rejectedIndicesCountTheRowsFirstAndThenTheBlocks() async throws {
        let data = try TestData()
        func block(_ values: [Double], _ valid: [Bool]) throws -> MetricsAppend.Block {
            .init(
                table: Self.table,
                count: values.count,
                columns: [
                    "metric_name": .strings(try StringColumn(values.map { _ in "loss" })),
                    "metric_value": .numbers(NumericColumn(try ArrayValue(values), valid: try ArrayValue(valid))),
                ]
            )
        }
        let result = try await data.call(
            MetricsAppend(
                rows: [row([:]), 0],
                columns: [try block([1, 2], [true, false]), try block([3, 4, 5], [false, true, true])]
            )
        )
        #expect(result.rejected.map(\.index) == [1, 3, 4])
        #expect(result.stored == 4)
        #expect(try await query(data).map { $0["metric_value"] } == [0.5, 1, 4, 5])
    }

    private static let badColumns: [(String, MetricsAppend.Column)] = {
        do {
            return [
                ("metric_value", .numbers(NumericColumn(try ArrayValue([1.0])))),
                ("metric_value", .numbers(NumericColumn(try ArrayValue([1.0, 2], shape: [1, 2])))),
                (
                    "metric_value",
                    .numbers(NumericColumn(try ArrayValue([1.0, 2]), valid: try ArrayValue([true, true, true])))
                ),
                ("metric_value", .numbers(NumericColumn(try ArrayValue([1.0, 2]), valid: try ArrayValue([1.0, 0])))),
                ("metric_name", .strings(try StringColumn(["a", "b", "c"]))),
            ]
        } catch {
            preconditionFailure("these arrays are valid: \(error)")
        }
    }()

    @Test(arguments: 0..<5)
    func aColumnThatIsNotAsAnnouncedRefusesTheRequest(index: Int) async throws {
        let data = try TestData()
        let (name, column) = Self.badColumns[index]
        var columns: [String: MetricsAppend.Column] = [
            "metric_name": .strings(try StringColumn(["a", "b"])),
            "metric_value": .numbers(NumericColumn(try ArrayValue([1.0, 2]))),
        ]
        columns[name] = column
        let append = MetricsAppend(rows: [row([:])], columns: [.init(table: Self.table, count: 2, columns: columns)])
        let error = try #require(try await data.refusal(append))
        #expect(error.kind == .invalidParams)
        #expect(error.message.contains(name))
        #expect(try await query(data) == [])
    }

    @Test(arguments: [-1, 1_000_001, .max])
    func aBlockHasAtMostAMillionRows(count: Int) async throws {
        let block = MetricsAppend.Block(table: Self.table, count: count, columns: [:])
        #expect(try await TestData().refusal(MetricsAppend(columns: [block]))?.kind == .invalidParams)
    }

    // MARK: Queries

    private func filled() async throws -> TestData {
        let data = try TestData()
        let rows = (0..<20).map { index -> JSONValue in
            let (runID, name) = (index % 2 == 0 ? "even" : "odd", index < 10 ? "loss" : "acc")
            let phase: JSONValue = index % 5 == 0 ? .null : "train"
            return row([
                "run_id": .string(runID), "step": .integer(Int64(index)), "metric_name": .string(name),
                "timestamp": .number(Double(1000 + index)), "phase": phase,
            ])
        }
        try await data.call(MetricsAppend(rows: rows))
        return data
    }

    @Test(
        arguments: [
            (MetricsQuery(table: table, runID: "odd"), Array(stride(from: 1, to: 20, by: 2))),
            (MetricsQuery(table: table, filters: ["metric_name": "acc"]), Array(10..<20)),
            (MetricsQuery(table: table, filters: ["step": [3, 5, 99]]), [3, 5]),
            (MetricsQuery(table: table, filters: ["phase": .null]), [0, 5, 10, 15]),
            (MetricsQuery(table: table, filters: ["phase": [.null, "train"], "metric_name": "loss"]), Array(0..<10)),
            (MetricsQuery(table: table, filters: ["step": []]), []),
            (MetricsQuery(table: table, filters: ["metric_name": "' OR 1=1 --"]), []),
            (MetricsQuery(table: table, from: 1003, to: 1005), [3, 4, 5]),
            (MetricsQuery(table: table, runID: "even", filters: ["metric_value": 0.5], from: 1018), [18]),
        ] as [(MetricsQuery, [Int])]
    )
    func queriesFilter(query asked: MetricsQuery, steps: [Int]) async throws {
        let rows = try await query(try await filled(), asked)
        #expect(rows.map { $0["step"] } == steps.map { .integer(Int64($0)) })
    }

    @Test func pagesFollowOneAnotherWhileRowsAreAdded() async throws {
        let data = try await filled()
        var steps: [JSONValue?] = []
        var cursor: String?
        repeat {
            let page = try await data.call(MetricsQuery(table: Self.table, runID: "even", limit: 3, cursor: cursor))
            steps += page.rows.map { $0["step"] }
            cursor = page.cursor
            if steps.count == 3 { try await data.call(MetricsAppend(rows: [row(["run_id": "even", "step": 100])])) }
        } while cursor != nil
        #expect(steps == (Array(stride(from: 0, to: 20, by: 2)) + [100]).map { .integer(Int64($0)) })
    }

    @Test(
        arguments: [
            (MetricsQuery(table: "sqlite_schema"), "unknown_table"),
            (MetricsQuery(table: table, filters: ["colour": "red"]), "unknown_column"),
            (MetricsQuery(table: table, filters: ["1=1 OR step": 1]), "unknown_column"),
            (MetricsQuery(table: table, filters: ["step": ["a": 1]]), "invalid_params"),
            (MetricsQuery(table: table, filters: ["step": true]), "invalid_params"),
            (MetricsQuery(table: table, filters: ["step": .array(Array(repeating: 1, count: 1001))]), "invalid_params"),
            (MetricsQuery(table: table, limit: 0), "invalid_params"),
            (MetricsQuery(table: table, cursor: "x"), "invalid_params"),
        ] as [(MetricsQuery, String)]
    )
    func badQueriesAreRefused(query: MetricsQuery, kind: String) async throws {
        #expect(try await TestData().refusal(query)?.kind.rawValue == kind)
    }

    @Test func theUsualQueriesOfAShellRun() async throws {
        let data = try await filled()
        let averages = try await data.strings(
            """
            SELECT metric_name || ' ' || round(avg(metric_value), 2) || ' ' || count(*) FROM training_metrics
            WHERE run_id = 'even' GROUP BY metric_name, round_number, epoch_number ORDER BY 1
            """
        )
        #expect(averages == ["acc 0.5 5", "loss 0.5 5"])
    }
}
