import NIOCore
import Wire

/// The table `labels` as a file, without the held-out images, piece by piece.
///
/// Every row carries its split and the hash of the train and val set that it belongs to, as `snapshots.create` gives it, so
/// that all pieces must be read from one state of the database.
struct LabelExport {
    /// The format of a file.
    enum Format: String, CaseIterable, Sendable {
        case csv
        case jsonl
        case coco
    }

    private enum Part {
        case head
        case images(after: Int64)
        case annotations(after: Int64)
        case end
    }

    /// A piece has so many images.
    private static let pieceRows = 1000

    private let format: Format
    private let onlyLabeled: Bool
    private let settings: LabelSettings
    private var part = Part.head
    private var snapshotID = ""
    private var annotations = 0
    /// The images that were written so far.
    private(set) var images = 0
    /// Those that are held out, and never written.
    private(set) var heldOut = 0

    init(_ format: Format, onlyLabeled: Bool, _ settings: LabelSettings) {
        self.format = format
        self.onlyLabeled = onlyLabeled
        self.settings = settings
    }

    /// The next bytes of the file; nil behind its end.
    mutating func next(_ connection: Connection) throws -> ByteBuffer? {
        var piece: [UInt8] = []
        while piece.isEmpty {
            switch part {
            case .head:
                snapshotID = try Snapshots.currentID(settings, connection)
                heldOut =
                    try connection.first("SELECT count(*) FROM labels WHERE split IS 'test'") { $0.int(0) } ?? 0
                piece.append(contentsOf: head.utf8)
                part = .images(after: 0)
            case .images(let id):
                if let last = try appendImages(after: id, to: &piece, connection) {
                    part = .images(after: last)
                } else if format == .coco {
                    piece.append(contentsOf: "],\n\"annotations\":[".utf8)
                    part = .annotations(after: 0)
                } else {
                    part = .end
                }
            case .annotations(let id):
                if let last = try appendAnnotations(after: id, to: &piece, connection) {
                    part = .annotations(after: last)
                } else {
                    piece.append(contentsOf: "]}\n".utf8)
                    part = .end
                }
            case .end: return nil
            }
        }
        return ByteBuffer(bytes: piece)
    }

    private var head: String {
        switch format {
        case .csv: return (settings.columns + ["snapshot_id"]).joined(separator: ",") + "\n"
        case .jsonl: return ""
        case .coco:
            let categories = settings.labels.enumerated().map { "{\"id\":\($0 + 1),\"name\":\"\($1.name)\"}" }
            return """
                {"info":{"description":"Holdfast labels","snapshot_id":"\(snapshotID)"},\
                "categories":[\(categories.joined(separator: ","))],
                "images":[
                """
        }
    }

    /// Reads on behind an id, which comes first in each row.
    private func query(_ columns: [String]) -> String {
        let any = settings.labels.map { "has_\($0.name) IS NOT NULL" }.joined(separator: " OR ")
        let filter = "split IS NOT 'test'" + (onlyLabeled ? " AND (\(any))" : "")
        return
            "SELECT id, \(columns.joined(separator: ", ")) FROM labels WHERE id > ? AND \(filter) ORDER BY id LIMIT ?"
    }

    /// Returns the last image's id, nil where there is none.
    private mutating func appendImages(
        after id: Int64,
        to piece: inout [UInt8],
        _ connection: Connection
    ) throws -> Int64? {
        let columns =
            format == .coco ? ["id", "filename", "study_id", "frame_number", "split"] : settings.columns
        // COCO has a name of its own for this one.
        let names = columns.map { format == .coco && $0 == "filename" ? "file_name" : $0 }
        return try connection.rows(query(columns), [id, Self.pieceRows]) { row in
            switch format {
            case .csv: appendCSV(row, columns, to: &piece)
            case .jsonl: appendJSON(row, names, snapshotID, to: &piece)
            case .coco:
                piece.append(contentsOf: (images == 0 ? "\n" : ",\n").utf8)
                appendJSON(row, names, nil, to: &piece)
            }
            images += 1
            return row.integer(0)
        }.last
    }

    private func appendCSV(_ row: Row, _ columns: [String], to piece: inout [UInt8]) {
        for place in columns.indices {
            if let text = row.optionalString(Int32(place + 1)) { CSVText.append(text, to: &piece) }
            piece.append(UInt8(ascii: ","))
        }
        piece.append(contentsOf: "\(snapshotID)\n".utf8)
    }

    private func appendJSON(_ row: Row, _ names: [String], _ snapshotID: String?, to piece: inout [UInt8]) {
        for (place, name) in names.enumerated() {
            piece.append(contentsOf: "\(place == 0 ? "{" : ",")\"\(name)\":".utf8)
            JSONText.append(row.value(Int32(place + 1)), to: &piece)
        }
        piece.append(contentsOf: (snapshotID.map { ",\"snapshot_id\":\"\($0)\"}\n" } ?? "}").utf8)
    }

    /// COCO's annotations; each has the member `value`, because a 0 is an answer, too.
    private mutating func appendAnnotations(
        after id: Int64,
        to piece: inout [UInt8],
        _ connection: Connection
    ) throws -> Int64? {
        try connection.rows(query(settings.labels.map { "has_\($0.name)" }), [id, Self.pieceRows]) { row in
            for place in settings.labels.indices {
                guard let value = row.optionalInteger(Int32(place + 1)) else { continue }
                annotations += 1
                let members = "\"image_id\":\(row.integer(0)),\"category_id\":\(place + 1),\"value\":\(value)"
                piece.append(contentsOf: "\(annotations == 1 ? "" : ",")\n{\"id\":\(annotations),\(members)}".utf8)
            }
            return row.integer(0)
        }.last
    }
}
