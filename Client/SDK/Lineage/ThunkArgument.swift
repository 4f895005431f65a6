import Wire

/// What a thunk can be given for a parameter of the type `Value`: a ``Record``, another thunk's ``Computed`` output, an array, a
/// ``Table``, a number, a truth value, a string, nil, or a list of these.
public protocol ThunkArgument: Sendable {
    associatedtype Value: Sendable

    /// What the function gets.
    var argumentValue: Value { get }
    /// What is hashed of it, and where it came from.
    var argumentForm: ArgumentForm { get throws }
}

/// What tells an argument from others, and where it came from. Types count: 1, 1.0, true and "1" differ.
public indirect enum ArgumentForm: Sendable {
    /// A value by its content hash, in hexadecimal.
    case content(String, ArgumentSource)
    /// Columns picked out of a table.
    case columns([String], of: ArgumentForm)
    case null
    case bool(Bool)
    /// A whole number in decimal digits.
    case integer(String)
    case number(Double)
    case string(String)
    case list([ArgumentForm])
}

/// Where a value came from.
public enum ArgumentSource: Sendable {
    /// It was made where the thunk was called.
    case inline
    /// It is a variable's, and was never saved.
    case unsaved(variable: String)
    case record(String, variable: String)
    case output(OutputOrigin)
}

extension ArgumentForm {
    /// The hash of an argument: over frame("content") and the content hash; over frame("columns"), the hash of the whole, and
    /// the names; else over frame("constant") and the hash of the constant's canonical form. The Python client's README has
    /// the bytes.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` for a content hash that is none.
    func digest() throws -> Digest {
        if let known = try contentDigest() { return known }
        var nodes = ConstantNodes()
        try nodes.visit(self)
        var bytes = Canonical()
        bytes.add("constant")
        bytes.add(raw: nodes.digest)
        return bytes.digest
    }

    fileprivate func contentDigest() throws -> Digest? {
        var bytes = Canonical()
        switch self {
        case .content(let hash, _):
            guard let content = Digest(hex: hash) else {
                throw HoldfastError(.invalidValue, "\"\(hash.prefix(80))\" is no content hash")
            }
            bytes.add("content")
            bytes.add(raw: content)
        case .columns(let names, let whole):
            bytes.add("columns")
            bytes.add(raw: try whole.digest())
            bytes.add(UInt64(names.count))
            for name in names { bytes.add(name) }
        default: return nil
        }
        return bytes.digest
    }

    /// The records and outputs in it, each with the way to it.
    func sources(_ name: String) -> [(name: String, source: ArgumentSource)] {
        switch self {
        case .content(_, .inline), .null, .bool, .integer, .number, .string: []
        case .content(_, let source): [(name, source)]
        case .columns(_, let whole): whole.sources(name)
        case .list(let items): items.enumerated().flatMap { $1.sources("\(name)[\($0)]") }
        }
    }

    /// For people: a plain value as it is, others in at most 200 characters.
    var shown: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let digits):
            Int64(digits).flatMap { $0.magnitude < 1 << 53 ? .integer($0) : nil } ?? .string(digits)
        case .string(let text): .string(String(text.prefix(200)))
        default: .string(String(text.prefix(200)))
        }
    }

    private var text: String {
        switch self {
        case .content(let hash, _): "a value with the hash \(hash.prefix(16))"
        case .columns(let names, _): "columns \(names.joined(separator: ", "))"
        case .null: "nil"
        case .bool(let value): "\(value)"
        case .integer(let digits): digits
        case .number(let number): "\(number)"
        case .string(let text): "\"\(text)\""
        case .list(let items):
            "[\(items.prefix(50).map(\.text).joined(separator: ", "))\(items.count > 50 ? ", …" : "")]"
        }
    }
}

/// A constant as a graph, as the Python client hashes its values: every list is a node with what is in it, and equal leaves
/// are one node.
private struct ConstantNodes {
    private var own: [[UInt8]] = []
    private var edges: [[Int]] = []
    private var leaves: [[UInt8]: Int] = [:]

    @discardableResult
    mutating func visit(_ form: ArgumentForm) throws -> Int {
        var items: [ArgumentForm] = []
        if case .list(let list) = form { items = list }
        let bytes = try form.nodeBytes()
        if items.isEmpty, let known = leaves[bytes] { return known }
        let number = own.count
        own.append(bytes)
        edges.append([])
        if items.isEmpty { leaves[bytes] = number }
        for item in items { edges[number].append(try visit(item)) }
        return number
    }

    var digest: Digest {
        var bytes = Canonical()
        for (own, edges) in zip(own, edges) {
            bytes.add(framed: own)
            bytes.add(UInt64(edges.count))
            for target in edges {
                bytes.add("")
                bytes.add(UInt64(target))
            }
        }
        return bytes.digest
    }
}

extension ArgumentForm {
    /// Its own bytes as a node of a constant.
    fileprivate func nodeBytes() throws -> [UInt8] {
        if let digest = try contentDigest() { return digest.bytes }
        var bytes = Canonical()
        switch self {
        case .bool(let value): bytes.add(letter: value ? "t" : "f")
        case .integer(let digits):
            bytes.add(letter: "i")
            bytes.add(digits)
        case .number(let number):
            bytes.add(letter: "d")
            bytes.add(number)
        case .string(let text):
            bytes.add(letter: "s")
            bytes.add(text)
        case .list: bytes.add(letter: "l")
        case .null, .content, .columns: bytes.add(letter: "n")
        }
        return bytes.bytes
    }
}
