import Testing

@testable import Server

struct EndpointTests {
    @Test(arguments: [
        ("127.0.0.1:7411", "127.0.0.1", 7411), ("localhost:0", "localhost", 0), ("0.0.0.0:65535", "0.0.0.0", 65535),
        ("[::1]:80", "::1", 80), ("[fe80::1]:1", "fe80::1", 1), ("lab.example:7412", "lab.example", 7412),
    ])
    func hostAndPortParseAndPrintAlike(text: String, host: String, port: Int) throws {
        let endpoint = try #require(Endpoint(argument: text))
        #expect(endpoint == Endpoint(host: host, port: port))
        #expect(endpoint.description == text)
    }

    @Test(arguments: [
        "", ":", "localhost", "localhost:", ":80", "localhost:65536", "localhost:-1", "localhost:http", "::1:80",
        "localhost: 80", "[]:80x",
    ])
    func otherTextsAreRefused(text: String) {
        #expect(Endpoint(argument: text) == nil)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.1.2.3", true), ("localhost", true), ("::1", true), ("0.0.0.0", false), ("::", false),
        ("192.168.0.1", false), ("lab.example", false), ("127.evil.example", false), ("localhost.evil.example", false),
    ])
    func loopbackIsWhatOthersCantReach(host: String, isLoopback: Bool) {
        #expect(Endpoint(host: host, port: 1).isLoopback == isLoopback)
    }
}
