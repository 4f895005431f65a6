/// A declaration of a project: a function, a variable, a type with its members, ….
final class Declaration {
    enum Kind: String {
        case function = "func"
        case initializer = "init"
        case deinitializer = "deinit"
        case subscripted = "subscript"
        case variable = "var"
        case constant = "let"
        case enumCase = "case"
        case typeAlias = "typealias"
        case associatedType = "associatedtype"
        case structure = "struct"
        case classType = "class"
        case enumeration = "enum"
        case actor
        case protocolType = "protocol"
        case extended = "extension"
        case operatorSign = "operator"
        case precedence = "precedencegroup"
        case macro
        case imported = "import"
        /// A macro that stands for declarations.
        case expansion = "#"
        /// Code at the top level of main.swift.
        case statement

        var isType: Bool {
            switch self {
            case .structure, .classType, .enumeration, .actor, .protocolType: true
            default: false
            }
        }

        var isCallable: Bool { self == .function || self == .initializer || self == .subscripted }
    }

    let kind: Kind
    /// The names that it declares; of an extension the last part of the extended type's.
    let names: [String]
    /// With attributes, modifiers and body.
    let tokens: ArraySlice<Token>
    /// Where the name ends, and the parameters may begin.
    let afterName: Int
    let modifiers: Set<String>
    /// Conditions of the `#if` in which it is.
    let conditions: [String]
    var members: [Declaration] = []
    weak var container: Declaration?
    /// Of an extension or a type: whether it says what it conforms to.
    var conforms = false

    init(
        _ kind: Kind,
        names: [String],
        tokens: ArraySlice<Token>,
        afterName: Int,
        modifiers: Set<String>,
        conditions: [String]
    ) {
        self.kind = kind
        self.names = names
        self.tokens = tokens
        self.afterName = afterName
        self.modifiers = modifiers
        self.conditions = conditions
    }

    var isPrivate: Bool {
        !modifiers.isDisjoint(with: ["private", "fileprivate"]) || container?.isPrivate ?? false
    }

    var isStatic: Bool { !modifiers.isDisjoint(with: ["static", "class"]) || container == nil }

    /// Whether it is a stored variable that the whole program shares, and can change.
    var isSharedVariable: Bool {
        guard kind == .variable, isStatic else { return false }
        let value = tokens.first { $0.isMark("{") || ($0.isOperator && $0.text.hasPrefix("=")) }
        return !(value?.isMark("{") ?? false)
    }

    /// What is before the members: of an extension what it is for, and under which conditions.
    var header: ArraySlice<Token> { tokens.prefix { !$0.isMark("{") } }

    /// Such as "func Filters.bandpass".
    var label: String { "\(kind.rawValue) \(path)" }

    /// With the types around it.
    var path: String {
        let own = names.joined(separator: ",")
        guard let container else { return own }
        return own.isEmpty ? container.path : "\(container.path).\(own)"
    }
}
