import NIOCore
import Wire

struct JSONLinesLabelRows: LabelRows {
    private(set) var columns: LabelColumns
    private var rest: [UInt8] = []
    private var line = 0
    private var seen: [String: LabelColumn] = [:]

    init(labels: Set<String>) { columns = LabelColumns(labels: labels) }

    mutating func rows(_ piece: [UInt8]) throws -> [LabelFile.Row] {
        rest += piece
        guard let last = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        defer { rest.removeSubrange(...last) }
        return try lines(rest[..<last])
    }

    mutating func end() throws -> [LabelFile.Row] {
        defer { rest = [] }
        return try lines(rest[...])
    }

    private mutating func lines(_ bytes: ArraySlice<UInt8>) throws -> [LabelFile.Row] {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return try decode(lines).compactMap { fields in
            line += 1
            return try fields.map { try row($0) }
        }
    }

    /// The lines' objects, nil for empty lines. All lines are decoded as one array, which is several times as fast as one
    /// by one; one by one they are only when something is wrong, to say where. Where each line is in itself complete and
    /// there are as many objects as lines, each line is one.
    private func decode(_ lines: [ArraySlice<UInt8>]) throws -> [[String: JSONValue]?] {
        let isEmpty = { (text: ArraySlice<UInt8>) in text.allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 } }
        let texts = lines.map { isEmpty($0) ? Array("null".utf8)[...] : $0 }
        // The decoder lets an array end in a comma, so a last element of ours follows those of the lines.
        let array = [UInt8(ascii: "[")] + texts.map { $0 + [UInt8(ascii: ",")] }.joined() + Array("null]".utf8)
        if texts.allSatisfy(Self.isComplete),
            let values = try? JSONCoding.decode([[String: JSONValue]?].self, from: ByteBuffer(bytes: array)),
            values.count == lines.count + 1
        {
            return values.dropLast()
        }
        return try texts.enumerated().map { index, text -> [String: JSONValue]? in
            do {
                return try JSONCoding.decode([String: JSONValue]?.self, from: ByteBuffer(bytes: text), root: nil)
            } catch let error as WireError {
                throw LabelFile.Problem("line \(line + index + 1) is not what it should be: \(error.message)")
            }
        }
    }

    /// Whether what a text opens is closed in it: brackets and strings.
    private static func isComplete(_ text: ArraySlice<UInt8>) -> Bool {
        var (depth, isInString, isEscaped) = (0, false, false)
        for byte in text {
            switch byte {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\"): isEscaped = isInString
            case UInt8(ascii: "\""): isInString.toggle()
            case _ where isInString: break
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth < 0 { return false }
            default: break
            }
        }
        return depth == 0 && !isInString
    }

    private mutating func row(_ fields: [String: JSONValue]) throws -> LabelFile.Row {
        guard case .string(let filename)? = fields["filename"] else {
            throw LabelFile.Problem("line \(line) has no \"filename\"")
        }
        var row = LabelFile.Row(filename: filename)
        for (name, value) in fields {
            switch value {
            case .integer(let number): try column(name).set(String(number), &row, line: line)
            case .number(let number): try column(name).set(String(number), &row, line: line)
            case .bool(let value): try column(name).set(value ? "1" : "0", &row, line: line)
            case .string(let text): try column(name).set(text, &row, line: line)
            default: continue
            }
        }
        return row
    }

    private mutating func column(_ name: String) -> LabelColumn {
        if let known = seen[name] { return known }
        let column = columns.column(name)
        seen[name] = column
        return column
    }
}

/// COCO's classification: one JSON object, which is there when the whole file is.
struct COCOLabelRows: LabelRows {
    private struct Contents: Decodable {
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

    private(set) var columns: LabelColumns
    private var bytes: [UInt8] = []

    init(labels: Set<String>) { columns = LabelColumns(labels: labels) }

    mutating func rows(_ piece: [UInt8]) -> [LabelFile.Row] {
        bytes += piece
        return []
    }

    mutating func end() throws -> [LabelFile.Row] {
        let contents: Contents
        do {
            contents = try JSONCoding.decode(Contents.self, from: ByteBuffer(bytes: bytes), root: nil)
        } catch {
            throw LabelFile.Problem("is not as COCO has it: \(error.message)")
        }
        for category in contents.categories { _ = columns.label(category.name, title: category.name) }
        let names = Dictionary(contents.categories.map { ($0.id, $0.name) }, uniquingKeysWith: { $1 })
        let places = Dictionary(contents.images.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { $1 })
        var rows = contents.images.map {
            LabelFile.Row(filename: $0.file_name, studyID: $0.study_id, frameNumber: $0.frame_number)
        }
        for annotation in contents.annotations {
            guard let place = places[annotation.image_id], let name = names[annotation.category_id] else {
                throw LabelFile.Problem(
                    "has an annotation of image \(annotation.image_id) that names no image or category"
                )
            }
            rows[place].labels[name] = annotation.value ?? 1
        }
        return rows
    }
}
