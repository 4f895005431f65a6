import Crypto
import Wire

/// What is fixed when the database is made: which labels there are and how images are split.
struct LabelSettings: Codable, Sendable, Equatable {
    /// One label: a question with the answers 0 and 1.
    struct Label: Codable, Sendable, Equatable {
        /// As in the column `has_<name>`.
        let name: String
        /// As in the column `confidence_<shortName>`.
        let shortName: String
    }

    /// What decides on which side of the split an image falls.
    enum SplitKey: String, Codable, Sendable, CaseIterable {
        case filename
        case study
    }

    var labels: [Label]
    var holdoutPercent: Double
    var validationPercent: Double
    var seed: Int64
    var splitBy: SplitKey

    static let standard = LabelSettings(
        labels: [Label(name: "biopsy_tool", shortName: "biopsy"), Label(name: "mag_view", shortName: "mag")],
        holdoutPercent: 10,
        validationPercent: 20,
        seed: 42,
        splitBy: .filename
    )

    /// Parses `name[:short],name[:short]…`.
    static func labels(_ text: String) throws -> [Label] {
        let labels = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let names = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard names.count <= 2, names.allSatisfy(isName) else {
                throw SettingsError(
                    "label \"\(part)\" is not name or name:short with names of a-z 0-9 _ that begin with a letter"
                )
            }
            return Label(name: names[0], shortName: names.count == 2 ? names[1] : names[0])
        }
        guard Set(labels.map(\.name)).count == labels.count, Set(labels.map(\.shortName)).count == labels.count else {
            throw SettingsError("two labels have the same name")
        }
        return labels
    }

    private static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7A).contains(first), text.utf8.count <= 40 else { return false }
        return text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
    }

    // MARK: Splits

    /// The fraction in 0…1 that the seed and a string hash to: the first 32 bits of SHA-256 over `{seed}:{string}`.
    func hashFraction(_ string: String) -> Double {
        let digest = SHA256.hash(data: Array("\(seed):\(string)".utf8))
        let head = digest.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Double(head) / 4_294_967_295
    }

    /// Whether an image is held out, decided when it is inserted.
    func isHoldout(_ key: String) -> Bool { hashFraction(key) < holdoutPercent / 100 }

    /// The side of an image that is not held out, decided when it is first labeled.
    func trainingSplit(_ key: String) -> String {
        hashFraction("trainval:" + key) < validationPercent / 100 ? "val" : "train"
    }
}

/// Settings that can't be, or that contradict the database.
struct SettingsError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
