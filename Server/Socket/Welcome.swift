import Wire

/// Answers `hello`: who may come in, and where a producer stands.
struct Welcome: Sendable {
    let logins: Logins
    let catalog: Catalog
    let limits: FrameLimits

    /// The answer to `hello`, and what the client may do from then on; nil: nothing.
    func outcome(of request: Request, from address: String?) async -> (answer: Response.Outcome, access: Access?) {
        do {
            let hello = try decode(request)
            let access = try logins.access(token: hello.token, from: address, hello.client)
            let producer = try await hello.producer.asyncMap { producer in
                let producer = try MethodTable.producer(producer)
                return Hello.Producer(lastSeq: try await catalog.read { try Producers.lastSeq(producer, $0) })
            }
            let result = Hello.Result(server: "holdfast/\(holdfastVersion)", limits: limits, producer: producer)
            return (.result(try JSONCoding.encode(result), attachments: []), access)
        } catch {
            return (.failure(MethodTable.wireError(error)), nil)
        }
    }

    private func decode(_ request: Request) throws -> Hello {
        // The protocol number first: of another protocol nothing else is known.
        struct Version: Decodable {
            let number: Int?
            private enum CodingKeys: String, CodingKey { case number = "protocol" }
        }
        let version = try request.decode(Version.self).number
        guard version == Hello.protocolVersion else {
            throw WireError(
                .unsupportedProtocol,
                "\(version.map { "protocol \($0) is not supported" } ?? "params.protocol is missing"); this server speaks \(Hello.protocolVersion)",
                details: ["supported": [.integer(Int64(Hello.protocolVersion))]]
            )
        }
        return try request.decode(Hello.self)
    }
}

extension Optional {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
