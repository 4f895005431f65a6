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
        self.token = token
        clientName = options.clientName
        connectTimeout = options.connectTimeout
        requestTimeout = options.requestTimeout
    }
}
