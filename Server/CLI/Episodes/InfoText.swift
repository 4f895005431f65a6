import Holdfast
import NIOCore

/// A step's info as JSON text.
enum InfoText {
    /// "null" for a step without one.
    static func of(_ step: StoredStep) throws -> String {
        guard let info = step.info else { return "null" }
        return String(buffer: try JSONCoding.encode(info))
    }
}
