import Foundation
import NIOCore
import Wire

/// Says on standard output where the server listens, once both doors are open.
actor ReadyLine {
    private struct Line: Encodable {
        let ready = true
        let tcp: String
        let http: String
        let data: String
    }

    private let data: String
    private var tcp: SocketAddress?
    private var http: SocketAddress?

    init(data: String) { self.data = data }

    func opened(tcp address: SocketAddress?) {
        tcp = address
        printIfComplete()
    }

    func opened(http address: SocketAddress?) {
        http = address
        printIfComplete()
    }

    private func printIfComplete() {
        guard let tcp, let http else { return }
        let line = Line(tcp: Self.text(tcp), http: Self.text(http), data: data)
        guard var bytes = try? JSONCoding.encode(line) else { return }
        bytes.writeString("\n")
        FileHandle.standardOutput.write(Data(bytes.readableBytesView))
    }

    private static func text(_ address: SocketAddress) -> String {
        Endpoint(host: address.ipAddress ?? "", port: address.port ?? 0).description
    }
}
