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
        func invalid(_ reason: String) -> HoldfastError {
            let form = "is not host:port, such as 127.0.0.1:7411 or [::1]:7411, or tls://host:port"
            return HoldfastError(.invalidAddress, "\"\(text)\" \(form): \(reason)")
        }
        // As in a line that was read from a file.
        var place = text.drop { $0.isWhitespace }
        while place.last?.isWhitespace ?? false { place.removeLast() }
        isSecure = place.hasPrefix(Self.scheme)
        place = place.dropFirst(isSecure ? Self.scheme.count : 0)
        if let end = place.firstRange(of: "://") {
            let isPage = ["http", "https"].contains(place[..<end.lowerBound])
            throw invalid(
                isPage
                    ? "that is the dashboard's; programs use the TCP door, by default port 7411"
                    : "there is no scheme \(place[..<end.lowerBound])"
            )
        }
        guard let colon = place.lastIndex(of: ":") else { throw invalid("there is no port") }
        let digits = place[place.index(after: colon)...]
        guard let port = UInt16(digits), port > 0 else { throw invalid("a port is a number from 1 to 65535") }
        var host = place[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw invalid("an IPv6 address needs brackets")
        }
        guard !host.isEmpty else { throw invalid("there is no host") }
        self.host = String(host)
        self.port = Int(port)
    }

    /// Whether what was meant for an address may be sent to another: to the same, or to the same host and port since its
    /// server speaks TLS.
    static func mayTake(_ other: String, at address: String) -> Bool { other == address || scheme + other == address }
}
