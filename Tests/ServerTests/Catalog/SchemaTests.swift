import Testing
import Wire

@testable import Server

/// The tables as other programs rely on them.
struct SchemaTests {
    private static let custom = LabelSettings(
        labels: [.init(name: "cat", shortName: "cat"), .init(name: "very_long_dog", shortName: "dog")],
        holdoutPercent: 10,
        validationPercent: 20,
        seed: 42,
        splitBy: .filename
    )

    private static func columns(of table: String, in data: TestData) async throws -> [String] {
        try await data.strings(
            """
            SELECT name || ' ' || type || CASE WHEN "notnull" THEN ' NOT NULL' ELSE '' END
            || CASE WHEN pk THEN ' PK' || pk ELSE '' END FROM pragma_table_info(?) ORDER BY cid
            """,
            .text(table)
        ).compactMap { $0 }
    }

    /// The columns of each index of a table.
    private static func indexes(of table: String, in data: TestData) async throws -> Set<String> {
        let indexes = try await data.strings(
            """
            SELECT (SELECT group_concat(name, ',') FROM (SELECT name FROM pragma_index_info(list.name) ORDER BY seqno))
            || CASE WHEN "unique" THEN ' unique' ELSE '' END FROM pragma_index_list(?) AS list
            """,
            .text(table)
        )
        return Set(indexes.compactMap { $0 })
    }

    @Test func stepsHaveTheColumnsAndIndexesOfTheContract() async throws {
        let data = try TestData()
        #expect(
            try await Self.columns(of: "steps", in: data) == [
                "episode_id TEXT NOT NULL PK1", "step_index INTEGER NOT NULL PK2", "action INTEGER",
                "reward REAL NOT NULL", "terminated INTEGER NOT NULL", "truncated INTEGER NOT NULL",
                "timestamp TEXT NOT NULL", "frame_ref TEXT", "obs_ref TEXT", "info BLOB", "agent_id TEXT",
                "run_id TEXT",
                "worker_id TEXT",
            ]
        )
        let names = try await data.strings(
            """
            SELECT list.name || ' ' || info.name FROM pragma_index_list('steps') AS list, pragma_index_info(list.name)
            AS info WHERE list.origin = 'c' ORDER BY 1
            """
        )
        #expect(
            names == [
                "idx_steps_frame_ref frame_ref", "idx_steps_run_id run_id", "idx_steps_timestamp timestamp",
            ]
        )
    }

    @Test func episodesBeginWithTheColumnsOfTheContract() async throws {
        let columns = try await Self.columns(of: "episodes", in: TestData())
        #expect(
            columns.prefix(10) == [
                "episode_id TEXT PK1", "total_reward REAL NOT NULL", "steps INTEGER NOT NULL",
                "terminated INTEGER NOT NULL", "truncated INTEGER NOT NULL", "metadata BLOB", "timestamp TEXT NOT NULL",
                "agent_id TEXT", "run_id TEXT", "worker_id TEXT",
            ]
        )
    }

    @Test(
        arguments: [
            (
                "resource_metrics",
                "id timestamp run_id metric_type metric_name value unit hostname process_id is_finite non_finite"
            ),
            (
                "generation_metrics",
                """
                id timestamp run_id operation round_number chunk_number duration_seconds samples_generated memory_used_mb \
                process_id is_finite non_finite
                """
            ),
            (
                "training_metrics",
                """
                id timestamp run_id metric_name metric_value round_number epoch_number step phase is_finite non_finite
                """
            ),
        ]
    )
    func metricsHaveTheColumnsOfTheContract(table: String, columns: String) async throws {
        let found = try await TestData().strings("SELECT name FROM pragma_table_info('\(table)')").compactMap(\.self)
        #expect(found.joined(separator: " ") == columns)
    }

    @Test func theStandardLabelsGiveTheColumnsOfTheContract() async throws {
        let columns = try await Self.columns(of: "labels", in: TestData())
        #expect(
            columns.prefix(12) == [
                "id INTEGER PK1", "filename TEXT NOT NULL", "study_id TEXT", "thumbnail_path TEXT",
                "frame_number INTEGER", "has_biopsy_tool INTEGER", "has_mag_view INTEGER", "labeled_at TEXT",
                "confidence_biopsy REAL", "confidence_mag REAL", "predicted_at TEXT", "split TEXT",
            ]
        )
    }

    @Test func labelsAreIndexedAsTheContractSays() async throws {
        let indexes = try await Self.indexes(of: "labels", in: TestData())
        let expected: Set = [
            "filename unique", "study_id", "has_biopsy_tool,has_mag_view", "confidence_biopsy", "confidence_mag",
            "split",
        ]
        #expect(indexes.isSuperset(of: expected), "\(indexes)")
    }

    @Test func otherLabelsGiveOtherColumns() async throws {
        let data = try TestData(Self.custom)
        let columns = try await Self.columns(of: "labels", in: data)
        #expect(
            columns.prefix(12).suffix(7) == [
                "has_cat INTEGER", "has_very_long_dog INTEGER", "labeled_at TEXT", "confidence_cat REAL",
                "confidence_dog REAL", "predicted_at TEXT", "split TEXT",
            ]
        )
        let expected: Set = ["has_cat,has_very_long_dog", "confidence_cat", "confidence_dog"]
        #expect(try await Self.indexes(of: "labels", in: data).isSuperset(of: expected))
    }

    @Test func theDatabaseIsInWALModeAndCanShrink() async throws {
        let data = try TestData()
        #expect(try await data.strings("PRAGMA journal_mode") == ["wal"])
        #expect(try await data.integers("PRAGMA auto_vacuum") == [2])
    }

    @Test(arguments: [(Durability.full, Int64(2)), (.process, 1)])
    func theWriterSyncsAsTheDurabilityAsks(durability: Durability, synchronous: Int64) throws {
        let data = try TestData(durability: durability)
        let value = try data.catalog.writeNow { try $0.first("PRAGMA synchronous") { $0.integer(0) } }
        #expect(value == synchronous)
    }

    @Test func openingAgainAppliesNoMigrationTwice() async throws {
        let first = try TestData()
        let schema = "SELECT group_concat(sql, '\n') FROM (SELECT sql FROM sqlite_schema ORDER BY name)"
        let before = try await first.strings(schema)
        try await first.call(RunsStart(runID: "kept"))
        try await first.close()
        let second = try TestData(in: first.directory)
        #expect(try await second.strings(schema) == before)
        #expect(try await second.call(RunsGet(runID: "kept")).runID == "kept")
    }

    @Test(arguments: ["2", "-1", "0.5", "'yes'"])
    func aLabelOtherThanZeroAndOneDoesNotGetIntoTheTable(value: String) throws {
        let data = try TestData()
        #expect(throws: SQLError.self) {
            try data.change("INSERT INTO labels (filename, tiebreak, has_mag_view) VALUES ('x', 0, \(value))")
        }
    }

    @Test func theTableItselfKeepsASplit() throws {
        let data = try TestData()
        try data.change("INSERT INTO labels (filename, tiebreak, split) VALUES ('x', 0, 'test')")
        let error = #expect(throws: SQLError.self) { try data.change("UPDATE labels SET split = 'train'") }
        #expect(error?.message.contains("split") == true)
        #expect(throws: SQLError.self) { try data.change("UPDATE labels SET split = NULL") }
    }
}
