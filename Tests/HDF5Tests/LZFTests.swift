import CLZF
import Foundation
import Testing

struct LZFTests {
    /// What rows may look like.
    enum Content: CaseIterable {
        case zeros
        case noise
        case runs
        case stripes
        case few
        case text
    }

    @Test(arguments: Content.allCases)
    func whatIsCompressedComesBack(content: Content) {
        var random = SeededRandom(seed: 1)
        let sizes = Array(0...70) + [255, 264, 265, 4096, 8191, 8192, 8193, 8300, 100_800]
        for size in sizes {
            let bytes = make(content, size, &random)
            let stream = compress(bytes, capacity: size + size / 16 + 16)
            #expect(stream != nil || size == 0)
            #expect(decompress(stream ?? [], size) == bytes)
        }
    }

    @Test(arguments: Content.allCases)
    func theCapacityIsExact(content: Content) {
        var random = SeededRandom(seed: 2)
        for size in [1, 2, 3, 4, 5, 31, 32, 33, 300, 3000] {
            let bytes = make(content, size, &random)
            guard let stream = compress(bytes, capacity: 2 * size + 2) else {
                Issue.record("\(size) bytes do not fit twice their size")
                continue
            }
            #expect(compress(bytes, capacity: stream.count) == stream)
            #expect(compress(bytes, capacity: stream.count - 1) == nil)
        }
    }

    @Test func flatRowsShrinkAndNoiseDoesNot() throws {
        let flat = [UInt8](repeating: 7, count: 100_800)
        #expect(try #require(compress(flat, capacity: flat.count)).count < 1200)
        var random = SeededRandom(seed: 3)
        let noise = make(.noise, 10_000, &random)
        #expect(compress(noise, capacity: noise.count - 1) == nil)
    }

    /// Streams spelled out by the format's description.
    @Test func knownStreamsAreRead() {
        #expect(decompress([2, 1, 2, 3], 3) == [1, 2, 3])
        #expect(decompress([0, 9, 0x20, 0], 4) == [9, 9, 9, 9])
        #expect(decompress([1, 1, 2, 0xe0, 3, 1], 14) == Array(repeating: [1, 2], count: 7).flatMap { $0 })
        #expect(decompress([2, 1, 2, 3, 0x40, 2, 0, 8], 8) == [1, 2, 3, 1, 2, 3, 1, 8])
    }

    @Test(
        arguments: [
            [0], [5, 1, 2], [0, 9, 0x20], [0, 9, 0xe0], [0, 9, 0xe0, 0], [0, 9, 0x20, 1], [0x20, 0],
            [0, 9, 0x20, 0, 0],
        ] as [[UInt8]]
    )
    func brokenStreamsAreRefused(stream: [UInt8]) {
        for size in 1...20 { #expect(decompress(stream, size) == nil) }
    }

    @Test func theSizeMustBeExact() {
        #expect(decompress([2, 1, 2, 3], 2) == nil)
        #expect(decompress([2, 1, 2, 3], 4) == nil)
        #expect(decompress([], 1) == nil)
        #expect(decompress([0, 9], 0) == nil)
    }

    @Test func damagedStreamsStayInsideTheirBuffers() throws {
        let isLong = ProcessInfo.processInfo.environment["HOLDFAST_LONG"] == "1"
        var random = SeededRandom(seed: isLong ? .random(in: 0 ... .max) : 4)
        for round in 0..<(isLong ? 1_000_000 : 4000) {
            let size = Int.random(in: 1...2000, using: &random)
            let content = try #require(Content.allCases.randomElement(using: &random))
            let bytes = make(content, size, &random)
            var stream = try #require(compress(bytes, capacity: 2 * size + 2))
            switch round % 4 {
            case 0: stream.removeLast(Int.random(in: 1...stream.count, using: &random))
            case 1: stream = make(.noise, stream.count, &random)
            case 2:
                // Whole instructions of another stream, with lengths and offsets that were right there.
                let other = try #require(compress(make(content, size, &random), capacity: 2 * size + 2))
                let place = Int.random(in: 0..<stream.count, using: &random)
                stream.replaceSubrange(place..., with: other.suffix(Int.random(in: 0...other.count, using: &random)))
            default:
                let place = Int.random(in: 0..<stream.count, using: &random)
                stream[place] ^= UInt8.random(in: 1...255, using: &random)
            }
            // A stream may still be well formed; `decompress` checks the guard bytes either way.
            let result = decompress(stream, size)
            #expect(result == nil || result?.count == size)
        }
    }

    private func make(_ content: Content, _ size: Int, _ random: inout SeededRandom) -> [UInt8] {
        switch content {
        case .zeros: return [UInt8](repeating: 0, count: size)
        case .noise: return (0..<size).map { _ in .random(in: 0...255, using: &random) }
        case .few: return (0..<size).map { _ in .random(in: 0...2, using: &random) }
        case .text: return (0..<size).map { Array("the quick brown fox, the lazy dog; ".utf8)[$0 % 35] }
        case .stripes:
            let period = Int.random(in: 1...40, using: &random)
            return (0..<size).map { UInt8($0 % period) }
        case .runs:
            var bytes: [UInt8] = []
            while bytes.count < size {
                let count = Int.random(in: 1...500, using: &random)
                bytes += [UInt8](repeating: .random(in: 0...255, using: &random), count: count)
            }
            return Array(bytes[..<size])
        }
    }

    private func compress(_ bytes: [UInt8], capacity: Int) -> [UInt8]? {
        guarded(capacity) { clzf_compress(bytes, bytes.count, $0, capacity) }
    }

    private func decompress(_ stream: [UInt8], _ size: Int) -> [UInt8]? {
        guarded(size) { clzf_decompress(stream, stream.count, $0, size) }.flatMap { $0.count == size ? $0 : nil }
            ?? (stream.isEmpty && size == 0 ? [] : nil)
    }

    /// Runs a call that writes up to `capacity` bytes, and checks that the bytes around them are left alone.
    private func guarded(_ capacity: Int, _ call: (UnsafeMutableRawPointer?) -> Int) -> [UInt8]? {
        let margin = 64
        var output = [UInt8](repeating: 0xa5, count: capacity + 2 * margin)
        let length = output.withUnsafeMutableBytes { call($0.baseAddress.map { $0 + margin }) }
        #expect(output[..<margin].allSatisfy { $0 == 0xa5 })
        #expect(output[(margin + capacity)...].allSatisfy { $0 == 0xa5 })
        #expect(length <= capacity)
        return length > 0 ? Array(output[margin..<margin + length]) : nil
    }
}
