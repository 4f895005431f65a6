import Foundation
import NIOCore
import NIOSSL

/// The files, in PEM, with the server's certificate and its private key.
struct CertificateFiles: Sendable {
    /// The server's own certificate, then those between it and the authority that clients know.
    let certificate: Setting<String>
    let key: Setting<String>

    /// Reads both.
    ///
    /// - Throws: ``SettingsError`` that names the setting, the file and what is wrong with it.
    func load() throws -> (certificate: NIOSSLCertificate, context: NIOSSLContext) {
        let chain = try readChain()
        guard let own = chain.first else { throw SettingsError("\(certificate.source): there is no certificate") }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try readKey())
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = .seconds(1)
        do {
            return (own, try NIOSSLContext(configuration: configuration))
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw SettingsError(
                "\(key.source): it is not the key of the certificate in \(certificate.value), whose first one must be the server's own"
            )
        } catch {
            throw SettingsError("\(certificate.source): the certificate can't be used (\(error))")
        }
    }

    private func readChain() throws -> [NIOSSLCertificate] {
        let bytes = try Self.read(certificate)
        do {
            return try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw SettingsError(
                "\(certificate.source): that is no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----"
            )
        }
    }

    private func readKey() throws -> NIOSSLPrivateKey {
        let bytes = try Self.read(key)
        let text = String(decoding: bytes, as: UTF8.self)
        guard !text.contains("BEGIN ENCRYPTED PRIVATE KEY"), !text.contains("Proc-Type: 4,ENCRYPTED") else {
            throw SettingsError(
                "\(key.source): the key is encrypted, and a server has nobody to ask for the password; "
                    + "decrypt it with: openssl pkey -in \(key.value) -out FILE"
            )
        }
        do {
            guard text.contains("PRIVATE KEY") else { throw NIOSSLError.failedToLoadPrivateKey }
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            throw SettingsError(
                "\(key.source): that is no private key in PEM, which begins with -----BEGIN PRIVATE KEY-----"
            )
        }
    }

    private static func read(_ file: Setting<String>) throws -> [UInt8] {
        guard unsafe access(file.value, R_OK) == 0 else {
            throw SettingsError("\(file.source): the file can't be read: \(unsafe String(cString: strerror(errno)))")
        }
        do {
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.value)))
        } catch {
            throw SettingsError("\(file.source): the file can't be read: \(error.localizedDescription)")
        }
    }
}
