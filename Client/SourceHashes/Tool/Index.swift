/// All declarations of a project by the names that lead to them.
struct Index {
    private(set) var nodes: [Node] = []
    private var byName: [String: [Int]] = [:]
    /// What may be used without being mentioned.
    private(set) var ambient: [Int] = []
    /// The project's types by name.
    private(set) var types: [String: [Int]] = [:]
    /// A file's tokens and declarations.
    private(set) var files: [(module: Int, file: String, tokens: [Token], declarations: [Declaration])] = []
    /// A hash of everything, for what asks for its place in a file.
    private let whole: String

    /// Types of the standard library and Foundation that no project declares; what is added to them is found by its own names.
    private static let known: Set<String> = [
        "Int", "Int8", "Int16", "Int32", "Int64", "UInt", "UInt8", "UInt16", "UInt32", "UInt64",
        "Double", "Float",
        "Bool",
        "String", "Substring", "Character", "Array", "ArraySlice", "ContiguousArray", "Dictionary",
        "Set", "Optional",
        "Range",
        "ClosedRange", "Result", "Data", "Date", "URL", "UUID",
    ]

    init(_ project: Project) throws {
        var everything = Hasher256()
        for module in project.modules {
            for (file, text) in module.files.sorted(by: { $0.key < $1.key }) {
                everything.add(file)
                everything.add(text)
            }
        }
        whole = everything.hex
        let declared = try Self.parsed(project)
        files = declared
        let ours = Set(declared.flatMap { Self.typeNames($0.declarations) })
        let others = Dictionary(
            project.modules.compactMap { module in module.version.map { (module.name, $0) } },
            uniquingKeysWith: { $0 + $1 }
        )
        for (name, version) in others.sorted(by: { $0.key < $1.key }) {
            add(imported: name, version)
        }
        for file in declared {
            let imports = Set(file.declarations.filter { $0.kind == .imported }.compactMap(Self.module))
                .filter {
                    others[$0] != nil
                }
            for declaration in file.declarations {
                add(declaration, file.module, file.file, imports, isOurs: { ours.contains($0) })
            }
        }
    }

    private static func parsed(
        _ project: Project
    ) throws -> [(module: Int, file: String, tokens: [Token], declarations: [Declaration])] {
        var parsed: [(module: Int, file: String, tokens: [Token], declarations: [Declaration])] = []
        for (number, module) in project.modules.enumerated() where module.version == nil {
            for (file, text) in module.files.sorted(by: { $0.key < $1.key }) {
                let tokens = try Lexer.tokens(of: text, file: file)
                parsed.append((number, file, tokens, try Parser.declarations(in: tokens, file: file)))
            }
        }
        return parsed
    }

    private static func typeNames(_ declarations: [Declaration]) -> [String] {
        declarations.flatMap { ($0.kind.isType ? $0.names : []) + typeNames($0.members) }
    }

    /// The module that an import names: `import struct Foundation.Date` names Foundation.
    private static func module(of declaration: Declaration) -> String? {
        let kinds = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        return declaration.names.first { !kinds.contains($0) }
    }

    // MARK: Nodes

    private mutating func add(imported name: String, _ version: String) {
        byName[Self.importName(name), default: []].append(nodes.count)
        var own = Hasher256()
        own.add("module")
        own.add(name)
        own.add(version)
        nodes.append(
            Node(
                label: "module \(name)",
                own: own.hex,
                mentions: [],
                conditions: [],
                declaration: nil,
                module: 0,
                file: ""
            )
        )
    }

    private static func importName(_ module: String) -> String { "import \(module)" }

    private mutating func add(
        _ declaration: Declaration,
        _ module: Int,
        _ file: String,
        _ imports: Set<String>,
        isOurs: (String) -> Bool
    ) {
        guard declaration.kind != .imported else { return }
        let canonical = self.canonical(declaration)
        let number = nodes.count
        nodes.append(
            Node(
                label: declaration.label,
                own: canonical.hash,
                mentions: canonical.mentions.union(imports.map(Self.importName)),
                conditions: canonical.conditions,
                declaration: declaration,
                module: module,
                file: file
            )
        )
        enter(number, declaration, canonical, isOurs)
        for member in declaration.members { add(member, module, file, imports, isOurs: isOurs) }
    }

    private mutating func enter(
        _ number: Int,
        _ declaration: Declaration,
        _ canonical: Canonical,
        _ isOurs: (String) -> Bool
    ) {
        let name = declaration.names.first ?? ""
        switch declaration.kind {
        case .initializer, .deinitializer, .subscripted:
            // They are reached with their type.
            if let type = declaration.container, type.kind == .extended, !isOurs(type.names[0]) {
                ambient.append(number)
            }
        case .extended:
            if !Self.known.contains(name) || isOurs(name) { byName[name, default: []].append(number) }
            // What makes another's type conform may be called by those who know that only.
            if declaration.conforms, !isOurs(name) { ambient.append(number) }
        case .expansion: ambient.append(number)
        case .statement: break
        default:
            for name in declaration.names { byName[name, default: []].append(number) }
            if declaration.kind.isType { types[name, default: []].append(number) }
            if Self.isImplicit(declaration) { ambient.append(number) }
            // An operator belongs to the types that it is for: sorting calls `<`, which nobody mentions.
            if declaration.kind == .function, !name.isEmpty,
                !(name.unicodeScalars.first?.properties.isXIDStart ?? true)
            {
                for mention in canonical.mentions where isOurs(mention) {
                    byName[mention, default: []].append(number)
                }
            }
        }
    }

    /// Names by which the compiler calls what the source does not name.
    private static func isImplicit(_ declaration: Declaration) -> Bool {
        let names: Set<String> = [
            "~=", "callAsFunction", "appendInterpolation", "appendLiteral", "wrappedValue",
            "IntegerLiteralType",
            "FloatLiteralType", "StringLiteralType", "BooleanLiteralType",
        ]
        let isOfOther = declaration.container?.kind == .extended || declaration.container == nil
        return isOfOther && !names.isDisjoint(with: declaration.names)
    }

    /// A declaration with its members, as it is hashed.
    private func canonical(_ declaration: Declaration) -> Canonical {
        var canonical = Canonical()
        canonical.add(declaration.label)
        canonical.add(declaration.isPrivate ? "private" : "")
        canonical.add(headersAround: declaration)
        add(declaration, to: &canonical)
        if declaration.kind == .macro { canonical.mention(textsOf: declaration.tokens) }
        if canonical.usesPosition { canonical.add(whole) }
        return canonical
    }

    private func add(_ declaration: Declaration, to canonical: inout Canonical) {
        for condition in declaration.conditions { canonical.add(condition: condition) }
        var place = declaration.tokens.startIndex
        for member in declaration.members {
            canonical.add(declaration.tokens[place..<member.tokens.startIndex])
            add(member, to: &canonical)
            place = member.tokens.endIndex
        }
        let rest = declaration.tokens[place...]
        guard declaration.members.isEmpty, !declaration.kind.isType, declaration.kind != .extended
        else {
            return canonical.add(rest)
        }
        let hasParameters = declaration.kind.isCallable
        canonical.add(rest, Locals(of: rest, from: declaration.afterName, hasParameters: hasParameters))
    }

    // MARK: What is reached

    /// What a name may mean where it is mentioned.
    ///
    /// A type whose static function or property is named, as in `Filters.bandpass`, is not meant itself: the member is found by
    /// its own name, and brings the type along if it makes one.
    func targets(of mention: String) -> [Int] {
        if let exact = byName[mention] { return exact }
        let parts = mention.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return [] }
        let name = String(parts[0])
        let members = (byName[String(parts[1])] ?? []).compactMap { nodes[$0].declaration }.filter {
            member in
            member.container?.names.contains(name) ?? false
        }
        let areStatic = members.allSatisfy {
            $0.kind != .enumCase && ($0.isStatic || $0.kind.isType || $0.kind == .typeAlias)
        }
        return !members.isEmpty && areStatic && types[name] != nil ? [] : byName[name] ?? []
    }
}
