import Foundation
import PackagePlugin

/// Tells a target's thunks, at build time, what their functions consist of.
@main
struct SourceHashes: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        guard let target = target as? any SourceModuleTarget else { return [] }
        let output = context.pluginWorkDirectoryURL.appending(path: "SourceHashes.swift")
        var arguments = [output.path(percentEncoded: false)]
        var inputs: [URL] = []
        func add(_ module: any SourceModuleTarget, _ option: String) {
            arguments += [option, module.moduleName]
            for file in module.sourceFiles.sorted(by: { $0.url.path < $1.url.path }) where isSource(file) {
                arguments.append(file.url.path(percentEncoded: false))
                inputs.append(file.url)
            }
        }
        add(target, "--module")
        for (module, version) in dependencies(of: target, context.package) {
            if let version {
                arguments += ["--version", module.moduleName, version]
            } else {
                add(module, module is SwiftSourceModuleTarget ? "--module" : "--opaque")
            }
        }
        return [
            .buildCommand(
                displayName: "Hashing the sources of \(target.name)",
                executable: try context.tool(named: "SourceHashTool").url,
                arguments: arguments,
                inputFiles: inputs,
                outputFiles: [output]
            )
        ]
    }

    private func isSource(_ file: File) -> Bool {
        file.type == .source || file.type == .header
    }

    /// The modules that a target depends on; those of packages with a version, and of this one, with that.
    private func dependencies(of target: any Target, _ package: Package) -> [(any SourceModuleTarget, version: String?)]
    {
        var found: [(any SourceModuleTarget, version: String?)] = []
        var seen: Set<String> = [target.id]
        func visit(_ dependency: any Target, _ package: Package) {
            // The SDK is not what a function computes.
            guard dependency.name != "Holdfast", seen.insert(dependency.id).inserted else { return }
            let version = version(of: package)
            if let module = dependency as? any SourceModuleTarget { found.append((module, version)) }
            // What another package's modules are made of is said by its version.
            if version == nil { visitAll(of: dependency, package) }
        }
        func visitAll(of target: any Target, _ package: Package) {
            for dependency in target.dependencies {
                switch dependency {
                case .target(let other): visit(other, package)
                case .product(let product):
                    let owner = package.dependencies.first { $0.package.products.contains { $0.id == product.id } }
                    for other in product.targets { visit(other, owner?.package ?? package) }
                @unknown default: break
                }
            }
        }
        visitAll(of: target, package)
        return found
    }

    /// nil for packages whose sources are the project's: those without a version.
    private func version(of package: Package) -> String? {
        switch package.origin {
        case .root, .local: nil
        case .repository(_, let version, let revision): "\(version) \(revision)"
        case .registry(_, let version): version
        @unknown default: "unknown"
        }
    }
}
