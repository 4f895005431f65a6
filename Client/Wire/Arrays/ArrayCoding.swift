/// The keys under which an encoder or decoder finds the attachments that arrays refer to.
enum ArrayCoding {
    /// `[ByteBuffer]`: the attachments of the frame that is being decoded.
    static let sourceKey = key("holdfast.attachments.source")
    /// ``AttachmentSink``: where arrays put their bytes; without it they are encoded as base64.
    static let sinkKey = key("holdfast.attachments.sink")

    private static func key(_ name: String) -> CodingUserInfoKey {
        guard let key = CodingUserInfoKey(rawValue: name) else { preconditionFailure("a string is a valid key") }
        return key
    }
}
