import NIOCore
import NIOSSL

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// How a client makes sure, over TLS, that it talks to the server that it means.
struct ServerTrust: Sendable {
    private let address: ServerAddress
    /// Whose authorities' certificates; nil: the system's.
    private let caFile: String?
    private let context: NIOSSLContext

    /// - Parameter caFile: A file, in PEM, with the certificates of the authorities that are trusted; nil: that of
    ///   `HOLDFAST_CA_FILE`, or those that the system trusts.
    /// - Throws: ``HoldfastError`` with `tls` when the file can't be used.
    init(_ address: ServerAddress, caFile: String?) throws(HoldfastError) {
        let variable = ProcessInfo.processInfo.environment["HOLDFAST_CA_FILE"]
        let caFile = caFile ?? variable.flatMap { $0.isEmpty ? nil : $0 }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.shutdownTimeout = .seconds(1)
        do {
            if let caFile {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(caFile))
            }
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            let file = caFile ?? "the system's files"
            let reason = caFile.flatMap(Files.obstacle) ?? "they are not in PEM"
            throw HoldfastError(
                .tls,
                "the certificates of the authorities that are trusted can't be read from \(file): \(reason); name a PEM file with HOLDFAST_CA_FILE, caFile or --ca-file",
                cause: error
            )
        }
        self.address = address
        self.caFile = caFile
    }

    /// A handler for a connection to the server; it checks the certificate, and the name or IP address in it.
    func makeHandler() throws -> NIOSSLClientHandler {
        let isNumeric = (try? SocketAddress(ipAddress: address.host, port: address.port)) != nil
        // Where no name is given, the IP address of the connection is looked for.
        return try NIOSSLClientHandler(context: context, serverHostname: isNumeric ? nil : address.host)
    }

    /// Throws unless the server's certificate has the name of the address.
    ///
    /// NIOSSL itself is content where the certificate has the IP address that the name led to, and whoever can answer for a name
    /// chooses that.
    func checkName(in certificate: NIOSSLCertificate?) throws(HoldfastError) {
        let isNumeric = (try? SocketAddress(ipAddress: address.host, port: address.port)) != nil
        guard !isNumeric else { return }
        guard let names = certificate?._subjectAlternativeNames() else { throw isNotNamed(cause: nil) }
        // Where a certificate has no such list, NIOSSL has compared the name with that of its subject.
        guard names.contains(where: { _ in true }) else { return }
        let isNamed = names.contains { name in
            guard name.nameType == .dnsName else { return false }
            let pattern = unsafe name.contents.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
            return Self.matches(address.host, pattern)
        }
        if !isNamed { throw isNotNamed(cause: nil) }
    }

    /// Whether a name is that of a certificate, in which `*` may stand for all of the first label: RFC 6125, 6.4.
    static func matches(_ host: String, _ pattern: String) -> Bool {
        // A dot at the end says that nothing is to be added to a name.
        let (host, pattern) = (Self.plain(host), Self.plain(pattern))
        guard pattern.hasPrefix("*.") else { return host == pattern }
        guard let dot = host.firstIndex(of: "."), dot > host.startIndex else { return false }
        return host[dot...] == pattern.dropFirst() && pattern.dropFirst(2).contains(".")
    }

    private static func plain(_ name: String) -> String {
        String((name.hasSuffix(".") ? name.dropLast() : name[...]).lowercased())
    }

    private func isNotNamed(cause: (any Error)?) -> HoldfastError {
        HoldfastError(
            .tls,
            "the certificate of the server at \(address) does not name \(address.host); use a name that is in it, or one made for this name",
            cause: cause
        )
    }

    /// What an error of a connection means.
    ///
    /// - Parameter certificate: The server's, as far as it was sent.
    func explain(_ error: any Error, certificate: NIOSSLCertificate?) -> HoldfastError? {
        switch error {
        case NIOSSLError.uncleanShutdown:
            return HoldfastError(.unreachable, "the server at \(address) closed the connection")
        case NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])):
            return HoldfastError(
                .unreachable,
                "the server at \(address) closed the connection during the TLS handshake"
            )
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            return isNotNamed(cause: error)
        case NIOSSLError.handshakeFailed(.sslError(let stack)):
            return HoldfastError(.tls, reason(of: stack, certificate), cause: error)
        default: return nil
        }
    }

    /// BoringSSL's reasons have names, which its errors tell only in their text.
    private func reason(of stack: NIOBoringSSLErrorStack, _ certificate: NIOSSLCertificate?) -> String {
        let text = stack.map(\.description).joined(separator: " ")
        guard text.contains("CERTIFICATE_VERIFY_FAILED") else {
            let speaksPlainly = text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST")
            return speaksPlainly
                ? "the server at \(address) does not speak TLS: leave tls:// away, or have it serve with --tls-cert and --tls-key"
                : "the TLS handshake with the server at \(address) failed"
        }
        if let certificate, Double(certificate.notValidAfter) < Date().timeIntervalSince1970 {
            let end = Date(timeIntervalSince1970: Double(certificate.notValidAfter))
            return "the certificate of the server at \(address) has expired, on \(end.ISO8601Format()); renew it there"
        }
        let trusted = caFile.map { "those in \($0)" } ?? "those that this system trusts"
        return "the certificate of the server at \(address) is of no authority among \(trusted); "
            + "name the PEM file with its authority's certificate with HOLDFAST_CA_FILE, caFile or --ca-file"
    }
}
