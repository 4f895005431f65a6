import Crypto
import NIOCore
import Wire

/// The bytes that are hashed: every part is framed by its length, so that no two values have the same.
struct Canonical {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }

    mutating func add(_ text: String) {
        add(UInt64(text.utf8.count))
        bytes += text.utf8
    }

    mutating func add(raw digest: some Sequence<UInt8>) { bytes += digest }

    /// A letter for the kind, then what is needed to tell its values apart; keys in the order of their UTF-8 bytes.
    ///
    /// JSON does not tell 1 from 1.0, so a number without a fraction is an integer.
    mutating func add(_ value: JSONValue) {
        switch value {
        case .null: bytes.append(UInt8(ascii: "n"))
        case .bool(let value): bytes.append(value ? UInt8(ascii: "t") : UInt8(ascii: "f"))
        case .integer(let value):
            bytes.append(UInt8(ascii: "i"))
            add(UInt64(bitPattern: value))
        case .number(let value):
            if let integer = Int64(exactly: value), abs(value) < 9_007_199_254_740_992 { return add(.integer(integer)) }
            bytes.append(UInt8(ascii: "d"))
            add((value.isNaN ? Double.nan : value).bitPattern)
        case .string(let text):
            bytes.append(UInt8(ascii: "s"))
            add(text)
        case .array(let values):
            bytes.append(UInt8(ascii: "a"))
            add(UInt64(values.count))
            for value in values { add(value) }
        case .object(let members):
            bytes.append(UInt8(ascii: "o"))
            add(UInt64(members.count))
            for (key, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                add(key)
                add(value)
            }
        }
    }

    var digest: SHA256Digest { SHA256.hash(data: bytes) }

    static func hex(_ digest: SHA256Digest) -> String {
        digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

extension SHA256Digest {
    /// Of a value's content.
    init(content value: VariableValue) throws {
        switch value {
        case .array(let array): self = Self.array(array)
        case .json(let json):
            var bytes = Canonical()
            bytes.add("json")
            bytes.add(json)
            self = bytes.digest
        case .table(let columns):
            var bytes = Canonical()
            bytes.add("table")
            bytes.add(UInt64(columns.count))
            for (name, column) in columns.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                bytes.add(name)
                try bytes.add(column)
            }
            self = bytes.digest
        }
    }

    /// Of an array: dtype, shape, and the digest of the digests of its bytes, 2^20 at a time.
    fileprivate static func array(_ array: ArrayValue) -> SHA256Digest {
        var leaves = SHA256()
        var rest = array.bytes
        while let leaf = rest.readSlice(length: Swift.min(rest.readableBytes, 1 << 20)), leaf.readableBytes > 0 {
            leaves.update(data: Array(SHA256.hash(data: leaf.readableBytesView)))
        }
        var bytes = Canonical()
        bytes.add("array")
        bytes.add(array.dtype.rawValue)
        bytes.add(UInt64(array.shape.count))
        for extent in array.shape { bytes.add(UInt64(extent)) }
        bytes.add(raw: leaves.finalize())
        return bytes.digest
    }
}

extension Canonical {
    fileprivate mutating func add(_ column: TableColumn) throws {
        switch column {
        case .numbers(let column):
            add("numbers")
            add(raw: SHA256Digest.array(column.values))
            add(UInt64(column.valid == nil ? 0 : 1))
            if let valid = column.valid { add(raw: SHA256Digest.array(valid)) }
        case .strings(let column):
            add("values")
            let strings = try column.strings(count: column.codes.count)
            add(.array(strings.map { $0.map { .string($0) } ?? .null }))
        case .values(let values):
            add("values")
            add(.array(values))
        }
    }
}
