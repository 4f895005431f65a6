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

    /// The address without its port.
    var address: String? { remoteAddress?.ipAddress }
}
