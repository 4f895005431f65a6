/// A server's TCP door.
struct ServerAddress: Sendable, Equatable, CustomStringConvertible {
    private static let scheme = "tls://"

    let host: String
    let port: Int
    /// Whether it is spoken to over TLS.
    let isSecure: Bool

    var description: String {
        "\(isSecure ? Self.scheme : "")\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Parses `host:port`, or `tls://host:port`; an IPv6 address stands in brackets.
    init(_ text: String) throws(HoldfastError) {
        let isPage = text.hasPrefix("http://") || text.hasPrefix("https://")
        let hint = isPage ? "; that is the dashboard's: programs use the TCP door, by default port 7411" : ""
        let invalid = HoldfastError(
            .invalidAddress,
            "\"\(text)\" is not host:port, such as 127.0.0.1:7411 or [::1]:7411, or tls://host:port\(hint)"
        )
        isSecure = text.hasPrefix(Self.scheme)
        let place = text.dropFirst(isSecure ? Self.scheme.count : 0)
        guard let colon = place.lastIndex(of: ":"), let port = UInt16(place[place.index(after: colon)...]), port > 0
        else { throw invalid }
        var host = place[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw invalid
        }
        guard !host.isEmpty else { throw invalid }
        self.host = String(host)
        self.port = Int(port)
    }

    /// Whether what was meant for an address may be sent to another: to the same, or to the same host and port since its
    /// server speaks TLS.
    static func mayTake(_ other: String, at address: String) -> Bool { other == address || scheme + other == address }
}
