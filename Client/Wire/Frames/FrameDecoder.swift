public import NIOCore

/// Cuts a byte stream into frames.
///
/// A frame's whole size is known before its attachments are gathered, so that the owner can reserve memory for it or
/// stop reading.
public struct FrameDecoder {
    public var limits: FrameLimits
    private var buffered = ByteBuffer()
    private var state = State.length
    /// Whether the bytes belong into the memory that `buffered` has.
    private var isGathering = false

    private enum State {
        case length
        case payload(Int)
        case attachments(payload: ByteBuffer, members: [String: Range<Int>], sizes: [Int], total: Int)
        case failed
    }

    /// What the decoder makes of the bytes it has.
    public enum Step: Equatable {
        case frame(Frame)
        /// A JSON array: refused, but the stream stays in order.
        case refused(WireError)
        case needsMore
    }

    public init(limits: FrameLimits) { self.limits = limits }

    /// Adds received bytes.
    public mutating func append(_ bytes: ByteBuffer) {
        if buffered.readableBytes == 0, !isGathering {
            buffered = bytes
        } else {
            buffered.reserveCapacity(minimumWritableBytes: max(bytes.readableBytes, missingBytes))
            buffered.writeImmutableBuffer(bytes)
        }
    }

    /// Has the frame that has begun gathered in memory of the caller's, as far as its size is known.
    ///
    /// - Parameter memory: Gives a buffer that nobody else holds, with room for so many bytes.
    public mutating func gather(in memory: (_ size: Int) -> ByteBuffer) {
        let size = buffered.readableBytes + missingBytes
        var gathered = memory(size)
        gathered.clear(minimumCapacity: size)
        gathered.writeImmutableBuffer(buffered)
        buffered = gathered
        isGathering = true
    }

    /// Adds bytes of the frame that has begun by having them written to where they belong.
    ///
    /// - Parameter source: Gets room for the frame's missing bytes, and says how many it wrote there from the start.
    public mutating func fill(_ source: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        let missing = missingBytes
        return unsafe buffered.writeWithUnsafeMutableBytes(minimumWritableBytes: missing) { room in
            unsafe source(UnsafeMutableRawBufferPointer(rebasing: room[..<missing]))
        }
    }

    /// Whether bytes of an unfinished frame are held.
    public var isInsideFrame: Bool {
        if case .length = state { return buffered.readableBytes > 0 }
        return true
    }

    /// How many more bytes the frame that has begun needs, as far as known.
    public var missingBytes: Int {
        switch state {
        case .length: max(0, 4 - buffered.readableBytes)
        case .payload(let count): max(0, count - buffered.readableBytes)
        case .attachments(_, _, _, let total): max(0, total - buffered.readableBytes)
        case .failed: 0
        }
    }

    /// The next frame, if all of it is there.
    ///
    /// A thrown error means that the stream can't be trusted any more: answer with it and close.
    public mutating func next() throws(WireError) -> Step {
        do {
            return try advance()
        } catch {
            state = .failed
            buffered = ByteBuffer()
            throw error
        }
    }

    private mutating func advance() throws(WireError) -> Step {
        while true {
            switch state {
            case .failed: return .needsMore
            case .length:
                guard let count = buffered.readInteger(as: UInt32.self) else { return .needsMore }
                guard count >= 1, Int(count) <= limits.payload else {
                    throw WireError(
                        .parseError,
                        "frame length is \(count); expected 1 to \(limits.payload) bytes\(Self.stranger(count))"
                    )
                }
                state = .payload(Int(count))
            case .payload(let count):
                guard let payload = buffered.readSlice(length: count) else { return .needsMore }
                isGathering = false
                state = .length
                do {
                    try begin(payload)
                } catch  where error.kind == .invalidRequest {
                    return .refused(error)
                }
            case .attachments(let payload, let members, let sizes, let total):
                guard buffered.readableBytes >= total else { return .needsMore }
                let attachments = sizes.compactMap { buffered.readSlice(length: $0) }
                state = .length
                releaseMemory(of: total)
                return .frame(Frame(payload: payload, members: members, attachments: attachments))
            }
        }
    }

    /// What speaks another protocol, by the first bytes of it.
    private static func stranger(_ length: UInt32) -> String {
        let methods = ["GET ", "HEAD", "POST", "PUT ", "OPTI", "DELE", "PRI "]
        let bytes = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
        if methods.contains(String(decoding: bytes, as: UTF8.self)) {
            return ": it reads as HTTP, which the server speaks at its other port"
        }
        // The type of a handshake record and the major version: RFC 8446, section 5.1.
        return bytes.starts(with: [22, 3]) ? ": it reads as TLS, which this server was started without" : ""
    }

    /// What came behind a frame must not keep all of the frame's memory.
    private mutating func releaseMemory(of bytes: Int) {
        isGathering = false
        buffered = buffered.readableBytes <= bytes ? ByteBuffer(bytes: buffered.readableBytesView) : buffered.slice()
    }

    private mutating func begin(_ payload: ByteBuffer) throws(WireError) {
        let members = try Frame.members(of: payload)
        let sizes = try attachmentSizes(Frame(payload: payload, members: members, attachments: []))
        state = .attachments(payload: payload, members: members, sizes: sizes, total: sizes.reduce(0, +))
    }

    private func attachmentSizes(_ frame: Frame) throws(WireError) -> [Int] {
        guard let member = frame.member("attachments") else { return [] }
        let sizes: [Int]
        do {
            sizes = try JSONCoding.decode([Int].self, from: member)
        } catch {
            throw WireError(.parseError, "\"attachments\" must be a list of byte counts (integers ≥ 0)")
        }
        var total = 0
        for size in sizes {
            guard size >= 0, size <= limits.attachments - total else {
                throw WireError(
                    .parseError,
                    "\"attachments\" asks for \(size) bytes behind \(total); each is ≥ 0, together at most \(limits.attachments)"
                )
            }
            total += size
        }
        return sizes
    }
}
