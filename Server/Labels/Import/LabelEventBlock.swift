/// The events of images that an import registers, which get ids in a row, as one record: each image is a byte, since what
/// is said of them is one of a few states. The view `label_events` has them as rows.
///
/// The event of an image has the record's id less the number of images behind it, so that events of images in a row have
/// ids in a row; the ids of images without an event are left out.
struct LabelEventBlock {
    /// The most images of a record.
    static let mostImages = 1000
    /// The most states of a record; 0 is the code of an image without an event.
    private static let mostStates = 255

    /// What is recorded of an image, as JSON.
    struct State {
        /// By which it is known again.
        let number: Int
        let before: String
        let after: String
    }

    private let firstImage: Int64
    private var codes: [UInt8] = []
    /// Codes of states, by the number of the state.
    private var known: [Int: UInt8] = [:]
    private var states: [String] = []

    init(from image: Int64) { firstImage = image }

    /// Adds the event of an image; false if the block has no room for it.
    ///
    /// - Parameter image: Behind all that were added. Those between have no event.
    mutating func add(_ image: Int64, _ state: State) -> Bool {
        let place = Int(image - firstImage)
        guard place < Self.mostImages else { return false }
        if known[state.number] == nil {
            guard states.count < Self.mostStates else { return false }
            let code = UInt8(states.count + 1)
            states.append("\"\(Self.hex(code))\":{\"before\":\(state.before),\"after\":\(state.after)}")
            known[state.number] = code
        }
        while codes.count < place { codes.append(0) }
        codes.append(known[state.number] ?? 0)
        return true
    }

    /// Writes the record.
    ///
    /// - Parameter id: The last event id that is taken; the block takes the following ones.
    func write(after id: inout Int64, annotator: String, _ transaction: WriteTransaction) throws {
        id += Int64(codes.count)
        try transaction.connection.execute(
            """
            INSERT INTO label_event_blocks (id, first_image, last_image, annotator, at, states, codes)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            id,
            firstImage,
            firstImage + Int64(codes.count) - 1,
            annotator,
            transaction.timestamp,
            "{\(states.joined(separator: ","))}",
            codes
        )
    }

    /// As SQLite's `hex`.
    private static func hex(_ code: UInt8) -> String {
        String(code >> 4, radix: 16, uppercase: true) + String(code & 15, radix: 16, uppercase: true)
    }
}
