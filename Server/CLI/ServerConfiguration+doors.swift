import Foundation
import NIOCore
import NIOPosix

extension ServerConfiguration {
    /// Finds out before anything runs whether the doors can be opened, to say plainly which one can't.
    func checkDoors() async throws {
        for (name, flag, door) in [("TCP", "--tcp", tcp), ("HTTP", "--http", http)] {
            do {
                let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: door.host, port: door.port).get()
                try await channel.close()
            } catch {
                let reason = (error as? IOError).map { unsafe String(cString: strerror($0.errnoCode)) } ?? "\(error)"
                throw CommandFailure(
                    code: CommandFailure.other,
                    message: "the \(name) door can't be opened at \(door): \(reason); choose another with \(flag)"
                )
            }
        }
    }
}
