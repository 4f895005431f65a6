import Wire

/// What a function is: two that may compute different things have different hashes.
struct FunctionIdentity: Sendable {
    let hash: Digest
    /// A hash of each thing that it consists of, such as "func clean" or "let rate".
    let parts: [String: String]
    /// The parameters' names.
    let parameters: [String]
    /// Why it is not the source that says what the function is.
    var reason: String?

    /// Of a function whose author says when it changes: over the name, the version and the number of outputs, in the form that
    /// the Python client has for `@thunk(version=…)`, so that both find each other's records.
    init(name: String, version: String, outputs: Int, parameters: [String], reason: String?) {
        var own = Canonical()
        own.add(bytes: "version".utf8)
        own.add(name)
        own.add(version)
        own.add(UInt64(outputs))
        var node = Canonical()
        node.add(framed: own.bytes)
        node.add(UInt64(0))
        hash = node.digest
        parts = ["version of \(name)": version]
        self.parameters = parameters
        self.reason = reason
    }

    /// Of a function by its source.
    init(hash: Digest, parts: [String: String], parameters: [String]) {
        self.hash = hash
        self.parts = parts
        self.parameters = parameters
    }
}
