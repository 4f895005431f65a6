import Foundation
import Logging
import NIOSSL
import Synchronization

/// What both doors show to clients: a certificate, which can be exchanged while the server runs.
final class TLSIdentity: Sendable {
    private typealias Loaded = (certificate: NIOSSLCertificate, context: NIOSSLContext)

    private let files: CertificateFiles
    private let loaded: Mutex<Loaded>

    /// - Throws: ``SettingsError`` when the files can't be used.
    init(_ files: CertificateFiles) throws {
        self.files = files
        loaded = Mutex(try files.load())
    }

    /// For the next connection.
    var context: NIOSSLContext { loaded.withLock { $0.context } }

    /// Reads the files again; connections that are open keep what they began with.
    ///
    /// - Throws: ``SettingsError`` when the files can't be used; the certificate stays the one of before.
    func reload() throws {
        let new = try files.load()
        loaded.withLock { $0 = new }
    }

    /// Says until when the certificate is valid; clients refuse one that is not.
    func report(to logger: Logger, at now: Date = Date()) {
        let certificate = loaded.withLock { $0.certificate }
        let begin = Date(timeIntervalSince1970: Double(certificate.notValidBefore))
        let end = Date(timeIntervalSince1970: Double(certificate.notValidAfter))
        let metadata: Logger.Metadata = [
            "file": "\(files.certificate.value)", "from": "\(begin.ISO8601Format())", "until": "\(end.ISO8601Format())",
        ]
        if end < now {
            logger.warning("the certificate has expired: clients will refuse it", metadata: metadata)
        } else if begin > now {
            logger.warning("the certificate is not valid yet: clients will refuse it", metadata: metadata)
        } else {
            logger.info("certificate", metadata: metadata)
        }
    }
}
