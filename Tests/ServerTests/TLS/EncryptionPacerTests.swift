import NIOCore
import NIOEmbedded
import Testing

@testable import Server

final class EncryptionPacerTests {
    /// A network that takes what it is given when it is told to.
    private final class SlowNetwork: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        private(set) var sizes: [Int] = []
        private(set) var bytes = ByteBuffer()
        private(set) var isOutputClosed = false
        private var flushed = 0
        private var promises: [EventLoopPromise<Void>?] = []

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            bytes.writeImmutableBuffer(unwrapOutboundIn(data))
            sizes.append(unwrapOutboundIn(data).readableBytes)
            promises.append(promise)
        }

        func flush(context: ChannelHandlerContext) { flushed = promises.count }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            isOutputClosed = mode == .output
            if isOutputClosed { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
        }

        /// Takes what was flushed.
        func take() {
            let taken = promises.prefix(flushed)
            promises.removeFirst(flushed)
            flushed = 0
            for promise in taken { promise?.succeed() }
        }

        func breakDown() {
            let lost = promises
            promises = []
            flushed = 0
            for promise in lost { promise?.fail(ChannelError.eof) }
        }
    }

    private let network = SlowNetwork()
    private let channel: EmbeddedChannel
    private static let portion = EncryptionPacer.portion

    init() throws {
        channel = EmbeddedChannel(handlers: [network, EncryptionPacer()])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    // Its parts hold each other until it is closed.
    deinit {
        network.breakDown()
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    private func buffer(_ count: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 4) })
    }

    @Test func whatIsSmallIsPassedOnAsItComes() {
        channel.write(buffer(10), promise: nil)
        channel.write(buffer(20), promise: nil)
        #expect(network.sizes == [10, 20])
    }

    @Test func whatIsLargeGoesInPortionsInOrder() {
        let written = [buffer(7), buffer(3 * Self.portion + 5), buffer(9), buffer(Self.portion), buffer(11)]
        for bytes in written { channel.write(bytes, promise: nil) }
        channel.flush()
        #expect(network.sizes == [7, Self.portion])
        while true {
            let before = network.sizes.count
            network.take()
            if network.sizes.count == before { break }
            #expect(network.sizes[before...].reduce(0, +) <= Self.portion)
        }
        #expect(network.bytes == written.reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) })
    }

    @Test func aWriteIsDoneWhenAllOfItIs() {
        var done: [Int] = []
        for (number, size) in [Self.portion * 2, 5, 6].enumerated() {
            channel.write(buffer(size)).assumeIsolated().whenSuccess { done.append(number) }
        }
        channel.flush()
        network.take()
        #expect(done.isEmpty)
        network.take()
        #expect(done == [0])
        network.take()
        #expect(done == [0, 1, 2])
    }

    @Test func theOutputIsClosedBehindWhatWaits() {
        channel.writeAndFlush(buffer(2 * Self.portion), promise: nil)
        channel.close(mode: .output, promise: nil)
        network.take()
        #expect(!network.isOutputClosed)
        network.take()
        #expect(network.isOutputClosed)
        #expect(network.bytes.readableBytes == 2 * Self.portion)
    }

    @Test func whatWaitsWhenTheConnectionBreaksFails() {
        var failures = 0
        channel.write(buffer(2 * Self.portion)).assumeIsolated().whenFailure { _ in failures += 1 }
        channel.writeAndFlush(buffer(1)).assumeIsolated().whenFailure { _ in failures += 1 }
        network.breakDown()
        #expect(failures == 2)
    }
}
