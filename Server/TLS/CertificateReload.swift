import Logging
import ServiceLifecycle
import UnixSignals

/// Reads the certificate and its key again at SIGHUP.
struct CertificateReload: Service {
    let identity: TLSIdentity
    let signals: UnixSignalsSequence
    let logger: Logger

    func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            do {
                try identity.reload()
                identity.report(to: logger)
            } catch {
                logger.error("the certificate stays the one of before", metadata: ["error": "\(error)"])
            }
        }
    }
}
