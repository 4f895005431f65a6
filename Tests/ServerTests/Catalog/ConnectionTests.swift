import Testing
import Wire

@testable import Server

struct ConnectionTests {
    private static let texts = [
        "", "plain", "a\0b", "\0", "emoji 🧪👩‍🔬 and é", "e\u{301}", String(repeating: "x", count: 100_000),
    ]

    @Test(arguments: texts)
    func textsComeBackByteForByte(text: String) async throws {
        let data = try TestData()
        let read = try await data.catalog.read { connection in
            try connection.first("SELECT ?1, length(CAST(?1 AS BLOB)), typeof(?1)", text) {
                (text: $0.string(0), bytes: $0.int(1), type: $0.string(2))
            }
        }
        #expect(read.map { Array($0.text.utf8) } == Array(text.utf8))
        #expect(read?.bytes == text.utf8.count)
        #expect(read?.type == "text")
    }

    /// What a statement keeps to take itself back goes to a file once it is too large for memory.
    @Test(arguments: [2, 30, 31, 32, 64, 128, 1000])
    func aStatementThatFailsIsTakenBackHoweverManyPagesItChanged(rows: Int) async throws {
        let data = try TestData()
        try data.catalog.writeNow { connection in
            try connection.run(
                script: """
                    CREATE TABLE filler (id INTEGER PRIMARY KEY, value INTEGER CHECK (value < 2), content TEXT);
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < \(rows))
                    INSERT INTO filler SELECT i, 0, printf('%.3000c', 'x') FROM n
                    """
            )
        }
        try data.catalog.writeNow { connection in
            try connection.execute("UPDATE filler SET value = 1, content = upper(content)")
            #expect(throws: SQLError.self) {
                try connection.execute("UPDATE filler SET value = value + (id = ?), content = lower(content)", rows)
            }
        }
        let changed = "SELECT count(*) FROM filler WHERE value = 1 AND content GLOB 'X*'"
        #expect(try await data.integers(changed) == [Int64(rows)])
    }

    @Test(arguments: [
        SQLValue.null, .integer(.min), .integer(.max), .real(-0.5), .real(.infinity), .real(1e300), .text(""),
        .text("x\0y"), .blob([]), .blob([0]), .blob([0, 255, 0]),
    ])
    func valuesComeBackInTheirStorageClass(value: SQLValue) async throws {
        let data = try TestData()
        let read = try await data.catalog.read { try $0.first("SELECT ?", value) { $0.value(0) } }
        #expect(read == value)
    }

    @Test func nilIsNullAndAnEmptyBlobIsNot() async throws {
        let data = try TestData()
        let types = try await data.catalog.read { connection in
            try connection.first("SELECT typeof(?), typeof(?)", String?.none, [UInt8]()) {
                [$0.string(0), $0.string(1)]
            }
        }
        #expect(types == ["null", "blob"])
    }

    @Test func nullReadsAsNothing() async throws {
        let data = try TestData()
        let isNothing = try await data.catalog.read { connection in
            try connection.first("SELECT NULL") { row in
                row.isNull(0) && row.optionalInteger(0) == nil && row.optionalDouble(0) == nil
                    && row.optionalString(0) == nil && row.blob(0).isEmpty && row.string(0).isEmpty
            }
        }
        #expect(isNothing == true)
    }

    @Test func aStatementThatFailsSaysWhyWithItsCode() async throws {
        let data = try TestData()
        try await data.call(RunsStart(runID: "a"))
        let error = #expect(throws: SQLError.self) {
            try data.change(
                "INSERT INTO runs (run_id, status, tags, compression, started_at, heartbeat_at) VALUES ('a', '', '', '', '', '')"
            )
        }
        #expect(error?.code == 19)
        #expect(error?.isDuplicateKey == true)
        #expect(error?.message.contains("runs.run_id") == true)
        #expect(error?.wireError.kind == .internalError)
    }

    @Test func aMissingValueIsNoDuplicateKey() async throws {
        let data = try TestData()
        let error = #expect(throws: SQLError.self) { try data.change("INSERT INTO settings (name) VALUES ('x')") }
        #expect(error?.code == 19)
        #expect(error?.isDuplicateKey == false)
    }

    @Test func aFailedStatementCanBeUsedAgain() async throws {
        let data = try TestData()
        try data.catalog.writeNow { connection in
            let sql = "INSERT INTO settings (name, value) VALUES (?, ?)"
            try connection.execute(sql, "x", "1")
            #expect(throws: SQLError.self) { try connection.execute(sql, "x", "2") }
            try connection.execute(sql, "y", "3")
        }
        let values = try await data.strings("SELECT value FROM settings WHERE name IN ('x', 'y') ORDER BY name")
        #expect(values == ["1", "3"])
    }

    @Test func bindingBeyondTheParametersIsAnError() async throws {
        let data = try TestData()
        await #expect(throws: SQLError.self) {
            try await data.catalog.read { try $0.rows("SELECT ?", [1, 2]) { _ in } }
        }
    }

    @Test func anExecutionSaysHowManyRowsItChanged() async throws {
        let data = try TestData()
        for runID in ["a", "b", "c"] { try await data.call(RunsStart(runID: runID)) }
        let changed = try data.catalog.writeNow { connection in
            try connection.execute("UPDATE runs SET agent_id = ? WHERE run_id < ?", "x", "c")
        }
        #expect(changed == 2)
    }

    @Test func readersCantWrite() async throws {
        let data = try TestData()
        await #expect(throws: (any Error).self) {
            try await data.catalog.read { try $0.execute("DELETE FROM runs") }
        }
        #expect(try await data.integers("SELECT count(*) FROM runs") == [2])
    }
}
