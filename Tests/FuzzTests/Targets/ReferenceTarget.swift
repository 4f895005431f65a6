@testable import Server
@testable import Wire

/// References and the names in them, which become paths: what is one is printed as it was, and leaves no folder.
struct ReferenceTarget: FuzzTarget {
    static let name = "references"
    static let rounds = 5000

    init() {}

    func run(_ bytes: [UInt8]) throws {
        let text = String(decoding: bytes, as: UTF8.self)
        if let index = try? PictureResponse.index(text) {
            try demand(index >= 0 && text.hasSuffix(".png"), "\(text) is picture \(index)")
        }
        let reference: FrameRef
        do {
            reference = try FrameRef(text)
        } catch {
            return try demand(error.kind == .invalidReference, "\(text) is refused as \(error)")
        }
        try demand(Array(reference.description.utf8) == Array(text.utf8), "\(text) is printed as \(reference)")
        try demand(try FrameRef(reference.description) == reference, "\(reference) is read otherwise")
        try demand(reference.index >= 0, "\(reference) has a negative index")
        try demand(
            !reference.runID.contains("/") && !reference.runID.contains("..") && !reference.runID.hasPrefix("."),
            "\(reference) leads out of the folder of runs"
        )
    }
}
