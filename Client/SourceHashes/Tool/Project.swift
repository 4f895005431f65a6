/// The sources of a project.
struct Project {
    /// A target of the project, or something else that it imports.
    struct Module {
        let name: String
        var files: [String: String] = [:]
        /// What a module that is no Swift of the project is known by: the content of its files, or its version.
        var version: String?
    }

    /// The one whose thunks are looked for comes first.
    var modules: [Module]
}

/// A declaration, or something that is imported, and what it mentions.
final class Node {
    let label: String
    let own: String
    let mentions: [String]
    let conditions: Set<String>
    let declaration: Declaration?
    let module: Int
    let file: String
    let isPrivate: Bool

    init(
        label: String,
        own: String,
        mentions: Set<String>,
        conditions: Set<String>,
        declaration: Declaration?,
        module: Int,
        file: String
    ) {
        self.label = label
        self.own = own
        self.mentions = mentions.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        self.conditions = conditions
        self.declaration = declaration
        self.module = module
        self.file = file
        isPrivate = declaration?.isPrivate ?? false
    }
}
