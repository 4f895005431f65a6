import Foundation
import Holdfast
import NIOCore

/// A file of labels by image.
enum LabelFile {
    struct Row: Sendable, Equatable {
        var filename: String
        var studyID: String?
        var frameNumber: Int64?
        /// Label to 0 or 1.
        var labels: [String: Int] = [:]
    }

    static func read(_ path: String) throws -> [Row] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be read")
        }
        do {
            switch URL(fileURLWithPath: path).pathExtension.lowercased() {
            case "csv": return try csv(data)
            case "jsonl", "ndjson": return try jsonLines(data)
            case "json": return try coco(data)
            default: throw Problem("is neither .csv, .jsonl nor .json")
            }
        } catch let problem as Problem {
            throw CommandFailure(code: CommandFailure.other, message: "\(path) \(problem.description)")
        } catch let error as WireError {
            throw CommandFailure(
                code: CommandFailure.other,
                message: "\(path) is not what it should be: \(error.message)"
            )
        }
    }

    private struct Problem: Error, CustomStringConvertible {
        let description: String

        init(_ description: String) { self.description = description }
    }

    // MARK: CSV

    private static func csv(_ data: Data) throws -> [Row] {
        var records = try CSV.records(data).makeIterator()
        guard let head = records.next(), let place = head.firstIndex(of: "filename") else {
            throw Problem("has no column \"filename\" in its first line")
        }
        var rows: [Row] = []
        while let record = records.next() {
            guard record.count == head.count else {
                throw Problem("line \(rows.count + 2) has \(record.count) fields, the first has \(head.count)")
            }
            var row = Row(filename: record[place])
            for (name, text) in zip(head, record) where !text.isEmpty {
                try set(name, text, &row, line: rows.count + 2)
            }
            rows.append(row)
        }
        return rows
    }

    private static let passedOver: Set<String> = ["id", "filename", "split", "thumbnail_path", "frame_ref", "outcome"]

    private static func set(_ name: String, _ text: String, _ row: inout Row, line: Int) throws {
        switch name {
        case "study_id": row.studyID = text
        case "frame_number": row.frameNumber = Int64(text)
        default:
            guard !passedOver.contains(name), !name.hasSuffix("_at"), !name.hasPrefix("confidence_") else { return }
            let label = name.hasPrefix("has_") ? String(name.dropFirst(4)) : name
            switch text {
            case "1", "1.0", "true", "True": row.labels[label] = 1
            case "0", "0.0", "false", "False": row.labels[label] = 0
            default:
                guard name.hasPrefix("has_") else { return }
                throw Problem("line \(line): \(name) is \"\(text.prefix(40))\"; a label is 0, 1 or empty")
            }
        }
    }

    // MARK: JSON

    private static func jsonLines(_ data: Data) throws -> [Row] {
        try data.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            let fields = try JSONCoding.decode([String: JSONValue].self, from: ByteBuffer(bytes: line))
            guard case .string(let filename)? = fields["filename"] else {
                throw Problem("line \(index + 1) has no \"filename\"")
            }
            var row = Row(filename: filename)
            for (name, value) in fields {
                switch value {
                case .integer(let number): try set(name, String(number), &row, line: index + 1)
                case .bool(let value): try set(name, value ? "1" : "0", &row, line: index + 1)
                case .string(let text): try set(name, text, &row, line: index + 1)
                default: continue
                }
            }
            return row
        }
    }

    private struct COCO: Decodable {
        struct Image: Decodable {
            let id: Int64
            let file_name: String
            let study_id: String?
            let frame_number: Int64?
        }

        struct Category: Decodable {
            let id: Int64
            let name: String
        }

        struct Annotation: Decodable {
            let image_id: Int64
            let category_id: Int64
            let value: Int?
        }

        let images: [Image]
        let categories: [Category]
        let annotations: [Annotation]
    }

    private static func coco(_ data: Data) throws -> [Row] {
        let file = try JSONCoding.decode(COCO.self, from: ByteBuffer(bytes: data))
        let names = Dictionary(file.categories.map { ($0.id, $0.name) }, uniquingKeysWith: { $1 })
        let places = Dictionary(file.images.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
        var rows = file.images.map {
            Row(filename: $0.file_name, studyID: $0.study_id, frameNumber: $0.frame_number)
        }
        for annotation in file.annotations {
            guard let place = places[annotation.image_id], let name = names[annotation.category_id] else {
                throw Problem("has an annotation of image \(annotation.image_id) that names no image or category")
            }
            rows[place].labels[name] = annotation.value ?? 1
        }
        return rows
    }
}

/// Comma-separated values by RFC 4180.
enum CSV {
    /// The records of a text; a quoted field may have commas, quotes (doubled) and line breaks in it.
    static func records(_ data: Data) throws -> [[String]] {
        var records: [[String]] = []
        var record: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        var previous: UInt8 = 0
        func text() -> String { String(decoding: field, as: UTF8.self) }
        for byte in data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data {
            switch byte {
            case UInt8(ascii: "\""):
                // A quote behind a closing one is a quote of the field.
                if !isQuoted, previous == byte { field.append(byte) }
                isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                record.append(text())
                field = []
            case UInt8(ascii: "\n") where !isQuoted:
                record.append(text())
                field = []
                if record != [""] { records.append(record) }
                record = []
            case UInt8(ascii: "\r") where !isQuoted: break
            default: field.append(byte)
            }
            previous = byte
        }
        guard !isQuoted else {
            throw CommandFailure(code: CommandFailure.other, message: "a quoted field of the CSV file does not end")
        }
        record.append(text())
        if record != [""] { records.append(record) }
        return records
    }

    /// A field as it is written.
    static func append(_ field: String, to bytes: inout [UInt8]) {
        let needsQuotes = field.utf8.contains { byte in
            byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\n")
                || byte == UInt8(ascii: "\r")
        }
        guard needsQuotes else { return bytes.append(contentsOf: field.utf8) }
        bytes.append(UInt8(ascii: "\""))
        for byte in field.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
