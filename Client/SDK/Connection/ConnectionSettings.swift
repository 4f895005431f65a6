/// Where the server is and how to greet it.
struct ConnectionSettings: Sendable {
    let address: ServerAddress
    let token: String?
    let clientName: String
    let connectTimeout: Duration
    let requestTimeout: Duration
}
