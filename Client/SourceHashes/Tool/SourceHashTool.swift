#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
#if canImport(Glibc)
import Glibc
#endif

/// `SourceHashTool OUTPUT (--module NAME | --opaque NAME | --version NAME VERSION | FILE)…`: writes what a target's thunks are.
///
/// The first module is the target's; then come those of the project that it depends on. A module that is no Swift is opaque, one
/// of another package is known by its version.
@main
enum SourceHashTool {
    static func main() {
        do {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            print(error)
            exit(1)
        }
    }

    static func run(_ arguments: [String]) throws {
        guard let output = arguments.first else {
            throw SourceError(file: "SourceHashTool", line: 1, message: "no output")
        }
        let generator = try Generator(try project(Array(arguments.dropFirst())))
        for warning in try generator.warnings() { print(warning) }
        let source = try generator.source()
        let url = URL(filePath: output)
        // A file that is the same is not written, so that nothing is compiled again.
        if (try? String(contentsOf: url, encoding: .utf8)) != source {
            try source.write(to: url, atomically: true, encoding: .utf8)
        }
    }

    static func project(_ arguments: [String]) throws -> Project {
        var project = Project(modules: [])
        var opaque: Set<Int> = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--module", "--opaque":
                if argument == "--opaque" { opaque.insert(project.modules.count) }
                project.modules.append(Project.Module(name: rest.popFirst() ?? ""))
            case "--version":
                project.modules.append(
                    Project.Module(name: rest.popFirst() ?? "", version: rest.popFirst())
                )
            default:
                guard !project.modules.isEmpty else {
                    throw SourceError(file: argument, line: 1, message: "a file without a module")
                }
                let data = try Data(contentsOf: URL(filePath: argument))
                project.modules[project.modules.count - 1].files[argument] = String(
                    decoding: data,
                    as: UTF8.self
                )
            }
        }
        for number in opaque {
            var hasher = Hasher256()
            for (file, text) in project.modules[number].files.sorted(by: { $0.key < $1.key }) {
                hasher.add(file.split(separator: "/").last.map(String.init) ?? "")
                hasher.add(text)
            }
            project.modules[number].version = hasher.hex
            project.modules[number].files = [:]
        }
        return project
    }
}
