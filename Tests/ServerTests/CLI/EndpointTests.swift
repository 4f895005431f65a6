import Testing

@testable import Server

struct EndpointTests {
    @Test(arguments: [
        ("127.0.0.1:7411", "127.0.0.1", 7411), ("localhost:0", "localhost", 0), ("0.0.0.0:65535", "0.0.0.0", 65535),
        ("[::1]:80", "::1", 80), ("[fe80::1]:1", "fe80::1", 1), ("lab.example:7412", "lab.example", 7412),
    ])
    func hostAndPortParseAndPrintAlike(text: String, host: String, port: Int) throws {
        let endpoint = try Endpoint(text)
        #expect(endpoint == Endpoint(host: host, port: port))
        #expect(endpoint.description == text)
    }

    @Test(arguments: [
        ("", "HOST:PORT"), ("tls://localhost:1", "--tls-cert"), (":", "no host"), ("localhost", "no port"),
        ("localhost:", "\"\" is no port"),
        (":80", "0.0.0.0"), ("localhost:65536", "65535"), ("localhost:-1", "\"-1\" is no port"),
        ("localhost:http", "\"http\" is no port"), ("::1:80", "[::1]"), ("localhost: 80", "\" 80\" is no port"),
        ("[]:80x", "\"80x\" is no port"),
    ])
    func otherTextsAreRefusedWithWhatIsWrong(text: String, words: String) throws {
        let failure = #expect(throws: SettingsError.self) { try Endpoint(text) }
        #expect(try #require(failure).description.contains(words))
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.1.2.3", true), ("localhost", true), ("::1", true), ("0.0.0.0", false), ("::", false),
        ("192.168.0.1", false), ("lab.example", false), ("127.evil.example", false), ("localhost.evil.example", false),
    ])
    func loopbackIsWhatOthersCantReach(host: String, isLoopback: Bool) {
        #expect(Endpoint(host: host, port: 1).isLoopback == isLoopback)
    }
}
