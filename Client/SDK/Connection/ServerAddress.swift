/// A server's TCP door.
struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    let host: String
    let port: Int

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Parses `host:port`; an IPv6 address stands in brackets.
    init(_ text: String) throws(HoldfastError) {
        let invalid = HoldfastError(
            .invalidAddress,
            "\"\(text)\" is not host:port, such as 127.0.0.1:7411 or [::1]:7411"
        )
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0 else {
            throw invalid
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw invalid
        }
        guard !host.isEmpty else { throw invalid }
        self.host = String(host)
        self.port = Int(port)
    }
}
