/// One step of the schema, applied once and never edited after it has landed.
struct Migration: Sendable {
    /// A step that was not applied; those before it were.
    struct Failure: Error {
        let step: String
        let reason: String
    }

    let name: String
    let apply: @Sendable (Connection) throws -> Void

    init(_ name: String, apply: @escaping @Sendable (Connection) throws -> Void) {
        self.name = name
        self.apply = apply
    }

    /// A step that is an SQL script, and what follows it.
    init(_ name: String, script: String, then: @escaping @Sendable (Connection) throws -> Void = { _ in }) {
        self.init(name) { connection in
            try connection.run(script: script)
            try then(connection)
        }
    }
}
