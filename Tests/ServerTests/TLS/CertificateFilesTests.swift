import Foundation
import NIOSSL
import Testing

@testable import Server

struct CertificateFilesTests {
    private let folder: TemporaryDirectory
    private let certificate: String
    private let key: String
    private var good: CertificateFiles { files(certificate, key) }

    init() throws {
        folder = try TemporaryDirectory()
        certificate = folder.file("server.pem")
        key = folder.file("server.key")
        try OpenSSL.makeCertificate(certificate, key: key)
    }

    /// As a server has them whose certificate is from its flag, and its key from the environment.
    private func files(_ certificate: String, _ key: String) -> CertificateFiles {
        CertificateFiles(
            certificate: Setting(value: certificate, source: "--tls-cert \(certificate)"),
            key: Setting(value: key, source: "HOLDFAST_TLS_KEY=\(key)")
        )
    }

    private func failure(certificate: String? = nil, key: String? = nil) -> String? {
        let files = files(certificate ?? self.certificate, key ?? self.key)
        return #expect(throws: SettingsError.self) { try files.load() }?.description
    }

    @Test func aCertificateAndItsKeyAreRead() throws {
        let loaded = try good.load()
        #expect(loaded.context.configuration.minimumTLSVersion == .tlsv12)
        #expect(loaded.context.configuration.applicationProtocols == ["http/1.1"])
        #expect(Double(loaded.certificate.notValidAfter) > Date().timeIntervalSince1970)
    }

    @Test func bothMayBeInOneFile() throws {
        let both = try [certificate, key].map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
        try folder.write(both, to: "both.pem")
        _ = try files(folder.file("both.pem"), folder.file("both.pem")).load()
    }

    @Test func aFileThatCantBeReadIsNamed() throws {
        let missing = folder.file("missing")
        #expect(
            failure(certificate: missing)?.hasPrefix("--tls-cert \(missing): the file can't be read: No such file")
                == true
        )
        #expect(
            failure(key: missing)?.hasPrefix("HOLDFAST_TLS_KEY=\(missing): the file can't be read: No such file")
                == true
        )
        #expect(
            failure(certificate: folder.path)?.hasPrefix("--tls-cert \(folder.path): the file can't be read") == true
        )
    }

    @Test(arguments: ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func aFileOfSomethingElseIsNamed(text: String) throws {
        try folder.write(text, to: "else")
        #expect(failure(certificate: folder.file("else"))?.contains("no certificate in PEM") == true)
        #expect(failure(key: folder.file("else"))?.contains("no private key in PEM") == true)
        #expect(failure(certificate: key)?.contains("no certificate in PEM") == true)
    }

    @Test func theKeyMustBeThatOfTheCertificate() throws {
        try OpenSSL.makeCertificate(folder.file("other.pem"), key: folder.file("other.key"))
        let failure = failure(key: folder.file("other.key"))
        #expect(failure?.contains("not the key of the certificate in \(certificate)") == true)
    }

    @Test func anEncryptedKeyIsRefusedWithTheRemedy() throws {
        let encrypted = folder.file("encrypted.key")
        try OpenSSL.run("pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", encrypted)
        #expect(failure(key: encrypted)?.contains("openssl pkey -in \(encrypted)") == true)
        try OpenSSL.run("ec", "-in", key, "-aes256", "-passout", "pass:secret", "-out", encrypted)
        #expect(failure(key: encrypted)?.contains("openssl pkey -in \(encrypted)") == true)
    }

    @Test func aReloadThatFailsKeepsWhatThereIs() throws {
        let identity = try TLSIdentity(good)
        let before = identity.context
        try folder.write("not PEM", to: "server.pem")
        #expect(throws: SettingsError.self) { try identity.reload() }
        #expect(identity.context === before)
        try OpenSSL.makeCertificate(certificate, key: key)
        try identity.reload()
        #expect(identity.context !== before)
    }
}
