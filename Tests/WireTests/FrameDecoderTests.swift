import NIOCore
import Testing

@testable import Wire

@Suite struct FrameDecoderTests {
    /// Several frames in a row, the second and the last with attachments.
    private let stream =
        frameBytes(#"{"id":1}"#)
        + frameBytes(#"{"id":2,"attachments":[3,0,2]}"#, attachments: [[1, 2, 3], [4, 5]])
        + frameBytes(#"{"id":3,"attachments":[]}"#)
        + frameBytes(" {\"id\" : 4 , \"attachments\" : [1] } \n", attachments: [[9]])

    private func summary(_ frame: Frame) -> String {
        let id = frame.member("id").map { String(buffer: $0) } ?? "none"
        return "\(id): \(frame.attachments.map(\.array))"
    }

    private let expected = ["1: []", "2: [[1, 2, 3], [], [4, 5]]", "3: []", "4: [[9]]"]

    /// Feeds the stream in pieces of the given sizes.
    private func frames(pieces: some Sequence<Int>) throws -> [String] {
        var decoder = FrameDecoder(limits: FrameLimits())
        var rest = stream[...]
        var frames: [String] = []
        for size in pieces where !rest.isEmpty {
            decoder.append(ByteBuffer(bytes: rest.prefix(size)))
            rest = rest.dropFirst(size)
            while case .frame(let frame) = try decoder.next() { frames.append(summary(frame)) }
        }
        #expect(rest.isEmpty)
        #expect(!decoder.isInsideFrame)
        return frames
    }

    @Test func framesComeOutInOneGo() throws { #expect(try frames(pieces: [stream.count]) == expected) }

    @Test func framesComeOutByteByByte() throws {
        #expect(try frames(pieces: repeatElement(1, count: stream.count)) == expected)
    }

    @Test(arguments: 1...40) func framesComeOutOfPiecesOfAnySize(size: Int) throws {
        #expect(try frames(pieces: repeatElement(size, count: stream.count)) == expected)
    }

    @Test func framesComeOutOfRandomPieces() throws {
        for _ in 0..<200 {
            let pieces = (0..<stream.count).map { _ in Int.random(in: 1...30) }
            #expect(try frames(pieces: pieces) == expected)
        }
    }

    @Test func framesComeOutWhenTheirBytesAreWrittenInPlace() throws {
        for _ in 0..<200 {
            var decoder = FrameDecoder(limits: FrameLimits())
            var rest = stream[...]
            var frames: [String] = []
            while !rest.isEmpty {
                if decoder.isInsideFrame, Bool.random() {
                    decoder.gather { ByteBufferAllocator().buffer(capacity: $0) }
                }
                let count = Int.random(in: 1...12)
                if decoder.isInsideFrame, Bool.random() {
                    let filled = unsafe decoder.fill { room in
                        let count = min(count, room.count)
                        unsafe room.copyBytes(from: rest.prefix(count))
                        return count
                    }
                    rest = rest.dropFirst(filled)
                } else {
                    decoder.append(ByteBuffer(bytes: rest.prefix(count)))
                    rest = rest.dropFirst(count)
                }
                while case .frame(let frame) = try decoder.next() { frames.append(summary(frame)) }
            }
            #expect(frames == expected)
        }
    }

    /// A frame whose attachment is gathered in a block of its own, and where that is.
    private func gather(_ bytes: [UInt8], into decoder: inout FrameDecoder) throws -> (frame: Frame, block: Range<Int>)
    {
        var block = ByteBufferAllocator().buffer(capacity: 1 << 12)
        let place = block.address..<block.address + block.capacity
        #expect(try decoder.next() == .needsMore)
        decoder.gather { _ in
            defer { block = ByteBuffer() }
            return block
        }
        decoder.append(ByteBuffer(bytes: bytes))
        guard case .frame(let frame) = try decoder.next() else {
            throw WireError(.invalidRequest, "the frame is there")
        }
        return (frame, place)
    }

    /// Also where the attachments have not begun.
    @Test(arguments: [0, 10]) func aFrameIsGatheredInTheMemoryThatIsGivenForIt(early: Int) throws {
        let attachment = [UInt8](repeating: 7, count: 1000)
        let bytes = frameBytes(#"{"attachments":[1000]}"#, attachments: [attachment])
        let cut = bytes.count - attachment.count + early
        var decoder = FrameDecoder(bytes: Array(bytes[..<cut]))
        let (frame, block) = try gather(Array(bytes[cut...]), into: &decoder)
        #expect(frame.attachments[0].array == attachment)
        #expect(block.contains(frame.attachments[0].address))
    }

    @Test func theNextFrameDoesNotKeepTheMemoryOfALargeOne() throws {
        let bytes = frameBytes(#"{"attachments":[1000]}"#, attachments: [[UInt8](repeating: 7, count: 1000)])
        let cut = bytes.count - 1000
        var decoder = FrameDecoder(bytes: Array(bytes[..<cut]))
        let (_, block) = try gather(bytes[cut...] + frameBytes(#"{"id":2}"#), into: &decoder)
        guard case .frame(let next) = try decoder.next() else {
            Issue.record("the next frame is there, too")
            return
        }
        #expect(!block.contains(next.payload.address))
    }

    @Test func itSaysHowManyBytesAreMissing() throws {
        var decoder = FrameDecoder(limits: FrameLimits())
        #expect(!decoder.isInsideFrame)
        #expect(decoder.missingBytes == 4)
        let bytes = frameBytes(#"{"attachments":[1000]}"#)
        decoder.append(ByteBuffer(bytes: bytes.prefix(2)))
        #expect(try decoder.next() == .needsMore)
        #expect(decoder.isInsideFrame)
        #expect(decoder.missingBytes == 2)
        decoder.append(ByteBuffer(bytes: bytes[2..<4]))
        #expect(try decoder.next() == .needsMore)
        #expect(decoder.missingBytes == bytes.count - 4)
        decoder.append(ByteBuffer(bytes: bytes[4...]))
        #expect(try decoder.next() == .needsMore)
        #expect(decoder.missingBytes == 1000)
    }

    @Test func aFrameKnowsItsSize() throws {
        let bytes = frameBytes(#"{"attachments":[2]}"#, attachments: [[1, 2]])
        #expect(try frame(of: bytes).byteCount == bytes.count)
    }

    static let fatal: [(bytes: [UInt8], reason: String)] = [
        ([0, 0, 0, 0], "length is 0"),
        ([0, 0, 1, 1], "length is 257"), (Array("GET / HTTP/1.1".utf8), "reads as HTTP"),
        ([22, 3, 1, 2], "reads as TLS"),
        ([0xFF, 0xFF, 0xFF, 0xFF], "length is 4294967295"),
        (frameBytes("{"), "not valid JSON"),
        (frameBytes("hello"), "not valid JSON"),
        (frameBytes("{} {}"), "behind the JSON object"),
        (frameBytes(#"{"attachments":[-1]}"#), "attachments"),
        (frameBytes(#"{"attachments":[1.5]}"#), "attachments"),
        (frameBytes(#"{"attachments":["1"]}"#), "attachments"),
        (frameBytes(#"{"attachments":3}"#), "attachments"),
        (frameBytes(#"{"attachments":null}"#), "attachments"),
        (frameBytes(#"{"attachments":[[1]]}"#), "attachments"),
        (frameBytes(#"{"attachments":[101]}"#), "attachments"),
        (frameBytes(#"{"attachments":[60,41]}"#), "attachments"),
        (frameBytes(#"{"attachments":[9223372036854775807,9223372036854775807]}"#), "attachments"),
        (frameBytes(#"{"attachments":[99999999999999999999]}"#), "attachments"),
        ([0, 0, 0, 5] + Array(#"{"a"#.utf8) + [0xC3, 0x28], "not valid JSON"),
        ([0, 0, 0, 9] + Array(#"{"a":""#.utf8) + [0xFF, 0x22, 0x7D], "not valid UTF-8"),
    ]

    @Test(arguments: fatal) func aStreamThatCanNotBeTrustedEnds(bytes: [UInt8], reason: String) throws {
        var decoder = FrameDecoder(limits: FrameLimits(payload: 256, attachments: 100), bytes: bytes)
        do {
            let step = try decoder.next()
            Issue.record("expected an error, got \(step)")
        } catch {
            #expect(error.kind == .parseError)
            #expect(error.code == -32700)
            #expect(error.message.contains(reason), "\(error.message)")
        }
        decoder.append(ByteBuffer(bytes: frameBytes("{}")))
        #expect(try decoder.next() == .needsMore, "nothing is read behind an error")
    }

    @Test func theLimitsThemselvesAreAllowed() throws {
        let payload = #"{"attachments":[60,40]}"#
        let limits = FrameLimits(payload: payload.utf8.count, attachments: 100)
        let bytes = frameBytes(payload, attachments: [Array(repeating: 1, count: 60), Array(repeating: 2, count: 40)])
        var decoder = FrameDecoder(limits: limits, bytes: bytes)
        guard case .frame(let frame) = try decoder.next() else {
            Issue.record("the frame is within the limits")
            return
        }
        #expect(frame.attachments.map(\.readableBytes) == [60, 40])
    }

    @Test func aBatchIsRefusedAndTheStreamGoesOn() throws {
        var decoder = FrameDecoder(bytes: frameBytes(#"[{"id":1}, {"id":2}]"#) + frameBytes(#"{"id":3}"#))
        guard case .refused(let error) = try decoder.next() else {
            Issue.record("a batch is not a frame")
            return
        }
        #expect(error.code == -32600)
        guard case .frame(let frame) = try decoder.next() else {
            Issue.record("the next frame is intact")
            return
        }
        #expect(frame.member("id").map { String(buffer: $0) } == "3")
    }
}
