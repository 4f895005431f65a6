import NIOCore

@testable import Wire

/// The stream of a connection: how its bytes arrive makes no difference, and what was read is written as it was.
///
/// An input is a byte that says how the stream is cut, then the stream.
struct FrameTarget: FuzzTarget {
    static let name = "frames"
    static let rounds = 3000
    private static let limits = FrameLimits(payload: 4096, attachments: 4096)

    private struct Reading: Equatable {
        var steps: [FrameDecoder.Step] = []
        var error: WireError?
        var isInsideFrame = false
    }

    init() {}

    func run(_ bytes: [UInt8]) throws {
        guard let cut = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let whole = try read(stream, inPiecesOf: max(1, stream.count))
        for isGathered in [false, true] {
            let pieces = try read(stream, inPiecesOf: 1 + Int(cut) % 64, isGathered: isGathered)
            try demand(whole == pieces, "in one piece: \(whole), in several: \(pieces), gathered: \(isGathered)")
        }
        var place = 0
        for case .frame(let frame) in whole.steps {
            let written = Self.joined(FrameEncoder.encode(payload: frame.payload, attachments: frame.attachments))
            try demand(written.count == frame.byteCount, "\(frame.byteCount) bytes counted, \(written.count) written")
            guard let start = Self.firstIndex(of: written, in: stream, from: place) else {
                throw Finding("a frame is written otherwise than it came: \(written)")
            }
            place = start + written.count
            try look(frame)
        }
    }

    /// - Parameter isGathered: Whether what is missing of a frame is written in its place, as sockets do it.
    private func read(_ stream: [UInt8], inPiecesOf size: Int, isGathered: Bool = false) throws -> Reading {
        var decoder = FrameDecoder(limits: Self.limits)
        var reading = Reading()
        var rest = stream[...]
        while !rest.isEmpty {
            let piece = rest.prefix(size)
            if isGathered, decoder.isInsideFrame, decoder.missingBytes > 0 {
                decoder.gather { ByteBuffer(repeating: 0xff, count: $0) }
                let filled = unsafe decoder.fill { room in
                    let count = min(piece.count, room.count)
                    unsafe room.copyBytes(from: piece.prefix(count))
                    return count
                }
                rest = rest.dropFirst(filled)
            } else {
                decoder.append(ByteBuffer(bytes: piece))
                rest = rest.dropFirst(piece.count)
            }
            do {
                while case let step = try decoder.next(), step != .needsMore { reading.steps.append(step) }
            } catch {
                reading.error = reading.error ?? error
            }
            try demand(decoder.missingBytes <= 4096, "\(decoder.missingBytes) bytes are waited for")
        }
        reading.isInsideFrame = decoder.isInsideFrame
        return reading
    }

    /// What both ends make of a frame.
    private func look(_ frame: Frame) throws {
        if let request = try? Request(frame) { try demand(!request.params.readableBytesView.isEmpty, "no params") }
        guard let response = try? Response(frame) else { return }
        var decoder = FrameDecoder(limits: FrameLimits())
        decoder.append(ByteBuffer(bytes: Self.joined(try response.encode())))
        guard case .frame(let again) = try decoder.next() else { throw Finding("a response is not one frame") }
        let read = try Response(again)
        try demand(read == response, "\(response) comes back as \(read)")
    }

    private static func joined(_ buffers: [ByteBuffer]) -> [UInt8] { buffers.flatMap { $0.readableBytesView } }

    private static func firstIndex(of part: [UInt8], in whole: [UInt8], from place: Int) -> Int? {
        guard whole.count - place >= part.count else { return nil }
        return (place...(whole.count - part.count)).first { whole[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
