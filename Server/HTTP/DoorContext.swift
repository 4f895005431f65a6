import HTTPTypes
import Hummingbird
import NIOCore

/// What the HTTP door knows of a request besides the request.
struct DoorContext: Hummingbird.RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?
    /// What the sender may do; nothing until the request has come past ``Authentication``.
    var access = Access(roles: [])

    init(source: Source) {
        coreContext = .init(source: source)
        remoteAddress = source.channel.remoteAddress
    }

    /// Where a request comes from: the sender's address, or what a proxy on this machine says of it. Of others nobody's
    /// word is taken: who may name any address is not slowed down by what is counted by address.
    func address(of request: Hummingbird.Request) -> String? {
        // Of a door for both families, IPv4 addresses come in the other's clothes.
        guard let peer = remoteAddress?.ipAddress.map({ $0.hasPrefix("::ffff:") ? String($0.dropFirst(7)) : $0 }) else {
            return nil
        }
        let isLocal = peer.hasPrefix("127.") || peer == "::1"
        guard isLocal, let header = HTTPField.Name("X-Forwarded-For"), let hops = request.headers[values: header].last
        else { return peer }
        return hops.split(separator: ",").last.map { String($0.filter { $0 != " " }.prefix(45)) } ?? peer
    }
}
