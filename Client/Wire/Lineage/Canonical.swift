import Crypto
package import NIOCore

/// The bytes that are hashed: every part is framed by its length, so that no two values have the same.
package struct Canonical {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// 64 bits, little-endian.
    package mutating func add(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
    }

    /// The count of the bytes, then the bytes.
    package mutating func add(_ text: String) { add(framed: text.utf8) }

    package mutating func add(framed part: some Collection<UInt8>) {
        add(UInt64(part.count))
        bytes += part
    }

    package mutating func add(raw digest: Digest) { bytes += digest.bytes }

    /// Bytes without their count.
    package mutating func add(bytes part: some Sequence<UInt8>) { bytes += part }

    package mutating func add(letter: Unicode.Scalar) { bytes.append(UInt8(ascii: letter)) }

    /// A float64 by its bits, with one NaN for all.
    package mutating func add(_ number: Double) { add((number.isNaN ? Double.nan : number).bitPattern) }

    /// A letter for the kind, then what is needed to tell its values apart; keys in the order of their UTF-8 bytes.
    ///
    /// JSON does not tell 1 from 1.0, so a number without a fraction is an integer.
    package mutating func add(_ value: JSONValue) {
        switch value {
        case .null: add(letter: "n")
        case .bool(let value): add(letter: value ? "t" : "f")
        case .integer(let value):
            add(letter: "i")
            add(UInt64(bitPattern: value))
        case .number(let value):
            if let integer = Int64(exactly: value) { return add(.integer(integer)) }
            add(letter: "d")
            add(value)
        case .string(let text):
            add(letter: "s")
            add(text)
        case .array(let values):
            add(letter: "a")
            add(UInt64(values.count))
            for value in values { add(value) }
        case .object(let members):
            add(letter: "o")
            add(UInt64(members.count))
            for (key, value) in members.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                add(key)
                add(value)
            }
        }
    }

    package var digest: Digest { Digest(hashing: bytes) }
}

/// A SHA-256.
package struct Digest: Sendable, Hashable {
    package let bytes: [UInt8]

    package init(hashing data: [UInt8]) { bytes = Array(SHA256.hash(data: data)) }

    /// Of 64 hexadecimal digits; nil for anything else.
    package init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: 64, by: 2) {
            guard let high = Self.value(digits[place]), let low = Self.value(digits[place + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        self.bytes = bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    /// 64 hexadecimal digits.
    package var hex: String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// Of a value's content.
    ///
    /// - Throws: ``ArrayError`` for a table whose string codes contradict its strings, and for an array in pieces: see
    ///   ``init(dtype:shape:leaves:)``.
    package init(content value: VariableValue) throws {
        switch value {
        case .array(let array): self = Self.array(array)
        case .pieces: throw ArrayError("the bytes of an array in pieces are not at hand")
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
    fileprivate static func array(_ array: ArrayValue) -> Digest {
        Digest(dtype: array.dtype, shape: array.shape, leaves: leaves(of: array.bytes))
    }

    /// The SHA-256s of 2^20 bytes at a time, one after the other.
    package static func leaves(of bytes: ByteBuffer) -> [UInt8] {
        var leaves: [UInt8] = []
        var rest = bytes
        while let leaf = rest.readSlice(length: Swift.min(rest.readableBytes, 1 << 20)), leaf.readableBytes > 0 {
            var digest = SHA256()
            unsafe leaf.withUnsafeReadableBytes { bytes in
                unsafe digest.update(bufferPointer: bytes)
            }
            leaves += digest.finalize()
        }
        return leaves
    }

    /// Of an array, by the digests of its bytes.
    package init(dtype: DType, shape: [Int], leaves: [UInt8]) {
        var bytes = Canonical()
        bytes.add("array")
        bytes.add(dtype.rawValue)
        bytes.add(UInt64(shape.count))
        for extent in shape { bytes.add(UInt64(extent)) }
        bytes.add(raw: Digest(hashing: leaves))
        self = bytes.digest
    }

    /// Of a piece of an array, by the digests of its bytes: another than that of any value.
    package init(pieceOf size: Int, leaves: [UInt8]) {
        var bytes = Canonical()
        bytes.add("piece")
        bytes.add(UInt64(size))
        bytes.add(raw: Digest(hashing: leaves))
        self = bytes.digest
    }

    /// The id of a record: of its variable, its content and where it was saved.
    package static func recordID(
        variable: String,
        schemaVersion: Int,
        content: Digest,
        metadata: [String: JSONValue]
    ) -> String {
        var bytes = Canonical()
        bytes.add("record")
        bytes.add(variable)
        bytes.add(UInt64(bitPattern: Int64(schemaVersion)))
        bytes.add(raw: content)
        bytes.add(.object(metadata))
        return String(bytes.digest.hex.prefix(16))
    }
}

extension Canonical {
    fileprivate mutating func add(_ column: TableColumn) throws {
        switch column {
        case .numbers(let column):
            add("numbers")
            add(raw: Digest.array(column.values))
            add(UInt64(column.valid == nil ? 0 : 1))
            if let valid = column.valid { add(raw: Digest.array(valid)) }
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
