import Foundation
import NIOSSL
import Testing

@testable import Server

struct CertificateFilesTests {
    private let folder: TemporaryDirectory
    private let good: CertificateFiles

    init() throws {
        folder = try TemporaryDirectory()
        good = CertificateFiles(certificate: folder.file("server.pem"), key: folder.file("server.key"))
        try OpenSSL.makeCertificate(good.certificate, key: good.key)
    }

    private func failure(certificate: String? = nil, key: String? = nil) -> String? {
        let files = CertificateFiles(certificate: certificate ?? good.certificate, key: key ?? good.key)
        return #expect(throws: SettingsError.self) { try files.load() }?.description
    }

    @Test func aCertificateAndItsKeyAreRead() throws {
        let loaded = try good.load()
        #expect(loaded.context.configuration.minimumTLSVersion == .tlsv12)
        #expect(loaded.context.configuration.applicationProtocols == ["http/1.1"])
        #expect(Double(loaded.certificate.notValidAfter) > Date().timeIntervalSince1970)
    }

    @Test func bothMayBeInOneFile() throws {
        let both = try [good.certificate, good.key].map { try String(contentsOfFile: $0, encoding: .utf8) }.joined()
        try folder.write(both, to: "both.pem")
        _ = try CertificateFiles(certificate: folder.file("both.pem"), key: folder.file("both.pem")).load()
    }

    @Test func aFileThatCantBeReadIsNamed() throws {
        let missing = folder.file("missing")
        #expect(failure(certificate: missing)?.hasPrefix("--tls-cert \(missing) can't be read: No such file") == true)
        #expect(failure(key: missing)?.hasPrefix("--tls-key \(missing) can't be read: No such file") == true)
        #expect(failure(certificate: folder.path)?.hasPrefix("--tls-cert \(folder.path) can't be read") == true)
    }

    @Test(arguments: ["", "not PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func aFileOfSomethingElseIsNamed(text: String) throws {
        try folder.write(text, to: "else")
        #expect(failure(certificate: folder.file("else"))?.contains("no certificate in PEM") == true)
        #expect(failure(key: folder.file("else"))?.contains("no private key in PEM") == true)
        #expect(failure(certificate: good.key)?.contains("no certificate in PEM") == true)
    }

    @Test func theKeyMustBeThatOfTheCertificate() throws {
        try OpenSSL.makeCertificate(folder.file("other.pem"), key: folder.file("other.key"))
        let failure = failure(key: folder.file("other.key"))
        #expect(failure?.contains("not the key of the certificate in \(good.certificate)") == true)
    }

    @Test func anEncryptedKeyIsRefusedWithTheRemedy() throws {
        let encrypted = folder.file("encrypted.key")
        try OpenSSL.run("pkey", "-in", good.key, "-aes256", "-passout", "pass:secret", "-out", encrypted)
        #expect(failure(key: encrypted)?.contains("openssl pkey -in \(encrypted)") == true)
        try OpenSSL.run("ec", "-in", good.key, "-aes256", "-passout", "pass:secret", "-out", encrypted)
        #expect(failure(key: encrypted)?.contains("openssl pkey -in \(encrypted)") == true)
    }

    @Test func aReloadThatFailsKeepsWhatThereIs() throws {
        let identity = try TLSIdentity(good)
        let before = identity.context
        try folder.write("not PEM", to: "server.pem")
        #expect(throws: SettingsError.self) { try identity.reload() }
        #expect(identity.context === before)
        try OpenSSL.makeCertificate(good.certificate, key: good.key)
        try identity.reload()
        #expect(identity.context !== before)
    }
}
