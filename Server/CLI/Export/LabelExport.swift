import GRDB
import NIOCore
import Wire

/// Writes the table `labels`, without the held-out images, from a consistent state of the database.
struct LabelExport {
    private let queue: DatabaseQueue
    private let settings: LabelSettings
    private let onlyLabeled: Bool

    init(database path: String, onlyLabeled: Bool) throws {
        guard let settings = try SettingsTable.read(LabelSettings.self, "labels", database: path) else {
            throw CommandFailure(code: CommandFailure.other, message: "\(path) has no labels")
        }
        var configuration = GRDB.Configuration()
        configuration.readonly = true
        queue = try DatabaseQueue(path: path, configuration: configuration)
        self.settings = settings
        self.onlyLabeled = onlyLabeled
    }

    /// Writes all rows and says how many.
    func write(_ format: ExportLabelsCommand.Format, to sink: FileSink) throws -> Int {
        try queue.read { database in
            let connection = Connection(database)
            let snapshot = try Snapshots.currentID(settings, connection)
            switch format {
            case .csv: return try csv(connection, snapshot, sink)
            case .jsonl: return try jsonLines(connection, snapshot, sink)
            case .coco: return try coco(connection, snapshot, sink)
            }
        }
    }

    private var filter: String {
        let any = settings.labels.map { "has_\($0.name) IS NOT NULL" }.joined(separator: " OR ")
        return "split IS NOT 'test'" + (onlyLabeled ? " AND (\(any))" : "")
    }

    private func forEach(_ columns: [String], _ connection: Connection, _ body: (Row) throws -> Void) throws -> Int {
        var count = 0
        _ = try connection.rows(
            "SELECT \(columns.joined(separator: ", ")) FROM labels WHERE \(filter) ORDER BY id"
        ) { row in
            try body(row)
            count += 1
        }
        return count
    }

    private func csv(_ connection: Connection, _ snapshot: String, _ sink: FileSink) throws -> Int {
        let columns = settings.columns
        try sink.write { $0.append(contentsOf: ((columns + ["snapshot_id"]).joined(separator: ",") + "\n").utf8) }
        return try forEach(columns, connection) { row in
            try sink.write { bytes in
                for column in columns.indices {
                    if let text = row.optionalString(Int32(column)) { CSV.append(text, to: &bytes) }
                    bytes.append(UInt8(ascii: ","))
                }
                bytes.append(contentsOf: snapshot.utf8)
                bytes.append(UInt8(ascii: "\n"))
            }
        }
    }

    private func jsonLines(_ connection: Connection, _ snapshot: String, _ sink: FileSink) throws -> Int {
        let columns = settings.columns
        return try forEach(columns, connection) { row in
            try sink.write { bytes in
                bytes.append(UInt8(ascii: "{"))
                for (place, column) in columns.enumerated() {
                    bytes.append(contentsOf: "\"\(column)\":".utf8)
                    JSONText.append(row.value(Int32(place)), to: &bytes)
                    bytes.append(UInt8(ascii: ","))
                }
                bytes.append(contentsOf: "\"snapshot_id\":\"\(snapshot)\"}\n".utf8)
            }
        }
    }

    /// COCO's images, categories and annotations; an annotation has the member `value`, because a 0 is an answer, too.
    private func coco(_ connection: Connection, _ snapshot: String, _ sink: FileSink) throws -> Int {
        try sink.write { bytes in
            bytes.append(
                contentsOf: "{\"info\":{\"description\":\"Holdfast labels\",\"snapshot_id\":\"\(snapshot)\"},".utf8
            )
            let categories = settings.labels.enumerated().map { "{\"id\":\($0 + 1),\"name\":\"\($1.name)\"}" }
            bytes.append(contentsOf: "\"categories\":[\(categories.joined(separator: ","))],\n\"images\":[".utf8)
        }
        var isFirst = true
        let fields = ["id", "filename", "study_id", "frame_number", "split"]
        let names = ["id", "file_name", "study_id", "frame_number", "split"]
        let count = try forEach(fields, connection) { row in
            try sink.write { bytes in
                bytes.append(contentsOf: (isFirst ? "\n{" : ",\n{").utf8)
                isFirst = false
                for (place, name) in names.enumerated() {
                    bytes.append(contentsOf: "\(place == 0 ? "" : ",")\"\(name)\":".utf8)
                    JSONText.append(row.value(Int32(place)), to: &bytes)
                }
                bytes.append(UInt8(ascii: "}"))
            }
        }
        try sink.write { $0.append(contentsOf: "],\n\"annotations\":[".utf8) }
        var annotation = 0
        _ = try forEach(["id"] + settings.labels.map { "has_\($0.name)" }, connection) { row in
            for place in settings.labels.indices {
                guard let value = row.optionalInteger(Int32(place + 1)) else { continue }
                annotation += 1
                try sink.write { bytes in
                    bytes.append(contentsOf: (annotation == 1 ? "\n" : ",\n").utf8)
                    bytes.append(
                        contentsOf:
                            "{\"id\":\(annotation),\"image_id\":\(row.integer(0)),\"category_id\":\(place + 1),\"value\":\(value)}"
                            .utf8
                    )
                }
            }
        }
        try sink.write { $0.append(contentsOf: "]}\n".utf8) }
        return count
    }
}

/// Values of the database as JSON.
private enum JSONText {
    static func append(_ value: SQLValue, to bytes: inout [UInt8]) {
        switch value {
        case .null, .blob: bytes.append(contentsOf: "null".utf8)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .real(let number): bytes.append(contentsOf: String(number).utf8)
        case .text(let text): append(text, to: &bytes)
        }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
