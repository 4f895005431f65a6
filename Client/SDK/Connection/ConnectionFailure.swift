import Glibc
import NIOCore
import NIOPosix

extension HoldfastError {
    /// What an error of the network means to whoever wanted to reach a server.
    static func noConnection(to address: ServerAddress, _ error: any Error) -> HoldfastError {
        func because(_ reason: String) -> HoldfastError {
            HoldfastError(.unreachable, "no connection to the server at \(address): \(reason)")
        }
        // Of several addresses of a name each was tried; the last one's reason is as good as any.
        if let last = (error as? NIOConnectionError)?.connectionErrors.last {
            return noConnection(to: address, last.error)
        }
        switch error {
        case let error as NIOConnectionError where error.dnsAError != nil || error.dnsAAAAError != nil:
            return because("the name \(error.host) is not known")
        case ChannelError.connectTimeout(let time):
            return because("no answer within \(Double(time.nanoseconds) / 1e9) seconds")
        case let error as IOError:
            return because(unsafe String(cString: strerror(error.errnoCode)).lowercased())
        default: return HoldfastError(.unreachable, "no connection to the server at \(address)", cause: error)
        }
    }
}
