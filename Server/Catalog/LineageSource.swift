import Wire

/// Things of a domain that records may be computed from without being records: how they are told, and what they come from.
///
/// As an input such a thing is named by a reference, `scheme:id`, which no record's id looks like.
struct LineageSource: Sendable {
    /// What a thing comes from.
    struct Origin: Sendable {
        /// Of a thing of any domain.
        let reference: String
        /// What it is to that which comes from it.
        let name: String
        /// What is known of it only there.
        var details: [String: JSONValue] = [:]
    }

    /// What comes before the colon.
    let scheme: String
    /// What such a thing is called.
    let type: String
    /// What there is to say of the thing with an id; nil where it is not known.
    let describe: @Sendable (_ id: String, Connection) throws -> [String: JSONValue]?
    /// What it comes from, at most so many.
    let origins: @Sendable (_ id: String, _ limit: Int, Connection) throws -> [Origin]
}
