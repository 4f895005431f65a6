import NIOCore

/// Waits until both doors are open, then tells where.
actor OpenDoors {
    typealias Report = @Sendable (_ tcp: String, _ http: String) -> Void

    private let report: Report
    private var tcp: SocketAddress?
    private var http: SocketAddress?

    init(report: @escaping Report) { self.report = report }

    func opened(tcp address: SocketAddress?) {
        tcp = address
        reportIfComplete()
    }

    func opened(http address: SocketAddress?) {
        http = address
        reportIfComplete()
    }

    private func reportIfComplete() {
        guard let tcp, let http else { return }
        report(Self.text(tcp), Self.text(http))
    }

    private static func text(_ address: SocketAddress) -> String {
        Endpoint(host: address.ipAddress ?? "", port: address.port ?? 0).description
    }
}
