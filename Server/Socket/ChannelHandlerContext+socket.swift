import Glibc
import NIOCore

extension ChannelHandlerContext {
    /// Reads what has arrived at the channel's socket. Returns how many bytes that were, 0 also for what the channel finds
    /// out by itself when it reads next: the stream's end, an error.
    func readFromSocket(into room: UnsafeMutableRawBufferPointer) -> Int {
        max(0, withSocket { unsafe recv($0, room.baseAddress, room.count, 0) } ?? 0)
    }

    /// Has the channel read only when so many bytes are there, or as many as the system takes in; `SO_RCVLOWAT`.
    func readWhenSocketHas(bytes: Int) {
        let size = socklen_t(MemoryLayout<CInt>.size)
        // Without it the channel reads more often, nothing else.
        _ = withSocket { socket in
            var bytes = CInt(clamping: bytes)
            return unsafe Int(setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, size))
        }
    }

    private func withSocket(_ body: (CInt) -> Int) -> Int? {
        try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self, body)
    }
}
