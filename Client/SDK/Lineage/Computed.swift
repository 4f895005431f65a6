import Synchronization
import Wire

/// One output of a thunk, computed or loaded: an argument of other thunks, and to be saved with
/// ``HoldfastClient/save(_:at:ephemeral:)``.
public struct Computed<Value: Variable>: Sendable {
    public let value: Value
    /// Whether it was loaded instead of computed.
    public let wasHit: Bool
    /// SHA-256 of the value's content, in hexadecimal.
    public let contentHash: String
    let origin: OutputOrigin
    /// The value as it is saved, where it was encoded.
    let encoded: VariableValue?

    /// What its invocation and its number are known by.
    public var lineageHash: String { origin.invocation.hashes[origin.number] }
    /// The hash of the function that made it.
    public var functionHash: String { origin.invocation.identity.hash.hex }
    /// The record's, once it was saved or if it was loaded.
    public var recordID: String? { origin.record?.id }

    /// A value that was computed just now.
    init(computed value: Value, _ invocation: Invocation, _ circumstances: Circumstances, number: Int) throws {
        let encoded = try value.encode()
        self.value = value
        self.encoded = encoded
        wasHit = false
        contentHash = try Digest(content: encoded).hex
        origin = OutputOrigin(invocation, circumstances, number: number)
    }

    /// A value that was stored.
    init(loaded record: Record<Value>, _ invocation: Invocation, number: Int) {
        value = record.value
        encoded = nil
        wasHit = true
        contentHash = record.contentHash
        origin = OutputOrigin(invocation, Circumstances(), number: number)
        origin.wasSaved(record.recordID, as: Value.variableName)
    }
}

extension Computed: ThunkArgument {
    public var argumentValue: Value { value }

    public var argumentForm: ArgumentForm { .content(contentHash, .output(origin)) }
}

/// Where an output came from, and what it was saved as.
public final class OutputOrigin: Sendable {
    struct Saved: Sendable {
        let id: String
        let variable: String
    }

    let invocation: Invocation
    let number: Int
    private let circumstances: Circumstances
    private let saved = Mutex<Saved?>(nil)

    init(_ invocation: Invocation, _ circumstances: Circumstances, number: Int) {
        self.invocation = invocation
        self.circumstances = circumstances
        self.number = number
    }

    /// What is recorded of it; see ``Invocation/lineage(ofOutput:_:ephemeral:path:)``.
    func lineage(ephemeral: Bool, path: String) throws -> Lineage {
        try invocation.lineage(ofOutput: number, circumstances, ephemeral: ephemeral, path: path)
    }

    /// What it was last saved as, else loaded from.
    var record: Saved? { saved.withLock(\.self) }

    func wasSaved(_ id: String, as variable: String) {
        saved.withLock { $0 = Saved(id: id, variable: variable) }
        circumstances.lease?.wasSaved(invocation.hashes[number])
    }

    /// What is recorded in place of a record.
    var description: JSONValue {
        [
            "function": .string(invocation.functionName), "function_hash": .string(invocation.identity.hash.hex),
            "lineage_hash": .string(invocation.hashes[number]), "output_num": .integer(Int64(number)),
        ]
    }
}
