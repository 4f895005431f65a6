import Foundation
import NIOCore
import Wire

/// The line on standard output that says where the server listens: as HOST:PORT, or with TLS as tls://HOST:PORT and
/// https://HOST:PORT.
struct ReadyLine: Encodable {
    let ready = true
    let tcp: String
    let http: String
    let data: String

    private enum CodingKeys: CodingKey {
        case ready
        case tcp
        case http
        case data
    }

    func print() {
        do {
            var bytes = try JSONCoding.encode(self)
            bytes.writeString("\n")
            FileHandle.standardOutput.write(Data(bytes.readableBytesView))
        } catch {
            preconditionFailure("three strings can be encoded: \(error)")
        }
    }
}
