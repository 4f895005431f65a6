import Foundation

/// The inputs that are kept for a target: examples from which others are made, and those that once showed something wrong.
struct Corpus {
    struct Entry: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    let entries: [Entry]

    init(of target: any FuzzTarget.Type) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Corpus/\(target.name)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        entries = try names.map { name in
            Entry(name: name, bytes: [UInt8](try Data(contentsOf: folder.appendingPathComponent(name))))
        }
    }
}
