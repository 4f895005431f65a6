import Holdfast
import Testing

/// The command openssl, which makes certificates for tests.
enum OpenSSL {
    static func run(_ arguments: String...) throws {
        let process = try ChildProcess("openssl", arguments, errors: .dropped)
        try #require(process.wait() == .exit(0), "openssl \(arguments.joined(separator: " "))")
    }

    /// Makes a key and a certificate that it signs itself.
    static func makeCertificate(_ certificate: String, key: String) throws {
        try run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        try run("req", "-x509", "-new", "-key", key, "-subj", "/CN=test", "-days", "30", "-out", certificate)
    }
}
