/// A host and a port, as `HOST:PORT` or `[IPv6]:PORT`.
struct Endpoint: Sendable, Equatable {
    let host: String
    let port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Throws: `SettingsError` that says what is wrong with the text.
    init(_ text: String) throws {
        guard !text.contains("://") else {
            throw SettingsError("give HOST:PORT without a scheme; the doors speak TLS with --tls-cert and --tls-key")
        }
        guard let colon = text.lastIndex(of: ":") else {
            throw SettingsError(
                "there is no port; give HOST:PORT, such as 127.0.0.1:7411 for training code and 127.0.0.1:7412 for the dashboard"
            )
        }
        let (host, digits) = (text[..<colon], text[text.index(after: colon)...])
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard !host.isEmpty, isBracketed || !host.contains(":") else {
            throw SettingsError(
                host.isEmpty
                    ? "there is no host; give HOST:PORT, with host 0.0.0.0 for all addresses of this machine"
                    : "an IPv6 address needs brackets: [::1]:7411"
            )
        }
        guard let port = Int(digits), (0...65535).contains(port) else {
            throw SettingsError("\"\(digits)\" is no port; give one from 1 to 65535, or 0 for any free one")
        }
        self.init(host: isBracketed ? String(host.dropFirst().dropLast()) : String(host), port: port)
    }

    /// Whether only programs on this machine can reach it.
    var isLoopback: Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
        return host == "localhost" || host == "::1" || isIPv4 && parts[0] == "127"
    }
}

extension Endpoint: CustomStringConvertible {
    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
