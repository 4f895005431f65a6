/// Where the server is and how to greet it.
struct ConnectionSettings: Sendable {
    let address: ServerAddress
    /// Nil: the server is spoken to without TLS.
    let trust: ServerTrust?
    let token: String?
    let clientName: String
    let connectTimeout: Duration
    let requestTimeout: Duration

    /// - Throws: ``HoldfastError`` with `tls` when the certificates to trust can't be read.
    init(address: ServerAddress, token: String?, options: ClientOptions) throws(HoldfastError) {
        self.address = address
        trust = address.isSecure ? try ServerTrust(address, caFile: options.caFile) : nil
        // As the server reads its own: a variable may end in the line break of the file that it was read from.
        self.token = token.map(Self.trimmed)
        clientName = options.clientName
        connectTimeout = options.connectTimeout
        requestTimeout = options.requestTimeout
    }

    private static func trimmed(_ text: String) -> String {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }
}
