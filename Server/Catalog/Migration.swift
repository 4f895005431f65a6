/// One step of the schema, applied once and never edited after it has landed.
struct Migration: Sendable {
    let name: String
    let apply: @Sendable (Connection) throws -> Void

    init(_ name: String, apply: @escaping @Sendable (Connection) throws -> Void) {
        self.name = name
        self.apply = apply
    }

    /// A step that is an SQL script.
    init(_ name: String, script: String) {
        self.init(name) { try $0.run(script: script) }
    }
}
