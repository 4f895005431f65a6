import Foundation
import NIOCore
import Synchronization

@testable import Server
@testable import ServerTests
@testable import Wire

/// The methods over data of their own: every request gets one answer with its id, which says nothing of an internal error.
///
/// An input is one or more requests as JSON texts, each behind the other with a line's end between, then perhaps a zero byte and
/// the bytes of their attachments.
final class MethodTarget: FuzzTarget {
    static let name = "methods"
    static let rounds = 300
    /// After so many inputs the data begin anew.
    private static let runsPerData = 2000
    /// What inputs have as their producer: each run is another one, whose numbers begin at 1.
    private static let producer = TestData.producer

    private struct State {
        var data: TestData
        var runs = 0
    }

    private let state: Mutex<State>

    init() throws { state = Mutex(State(data: try wait { try await Self.makeData() })) }

    private static func makeData() async throws -> TestData {
        let data = try TestData()
        try await data.append("run", try Steps.of("episode", 0..<4))
        try await data.insert(["a.png", "b.png", "c.png"])
        return data
    }

    func run(_ bytes: [UInt8]) throws {
        let data = try state.withLock { state in
            state.runs += 1
            if state.runs.isMultiple(of: Self.runsPerData) {
                let old = state.data
                state.data = try wait {
                    try await old.close()
                    return try await Self.makeData()
                }
            }
            return state.data
        }
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        let attachments = parts.count > 1 ? Array(parts[1]) : []
        let texts = String(decoding: parts[0], as: UTF8.self)
            .replacing(Self.producer, with: UUID().uuidString.lowercased())
        for text in texts.split(separator: "\n").prefix(8) {
            // A claim may wait for up to a minute, as it says.
            guard !text.contains("wait_ms") else { continue }
            try answer(String(text), attachments, data)
        }
    }

    private func answer(_ text: String, _ attachments: [UInt8], _ data: TestData) throws {
        guard let plain = try? Frame(payload: ByteBuffer(string: text)) else { return }
        let frame = Frame(payload: plain.payload, members: plain.members, attachments: Self.cut(attachments, plain))
        let request: Request
        do {
            request = try Request(frame)
        } catch {
            return try check(Response(id: error.id, outcome: .failure(error.error)), id: error.id, text)
        }
        let outcome = try wait {
            await data.dispatcher.outcome(of: request, TestData.context(FrameLimits()))
        }
        try check(Response(id: request.id, outcome: outcome), id: request.id, text)
    }

    private func check(_ response: Response, id: RequestID?, _ text: String) throws {
        if case .failure(let error) = response.outcome {
            try demand(error.kind != .internalError, "\(text) is answered with \(error)")
            try demand(!error.message.isEmpty, "\(text) is refused without a word")
        }
        var decoder = FrameDecoder(limits: FrameLimits())
        for buffer in try response.encode() { decoder.append(buffer) }
        guard case .frame(let frame) = try decoder.next() else {
            throw Finding("\(text) is answered with something else than a frame")
        }
        let read = try Response(frame)
        try demand(read.id == id, "\(text) is answered as request \(String(describing: read.id))")
    }

    /// The attachments as a frame's member says, as far as there are bytes; without it, one of all bytes.
    private static func cut(_ bytes: [UInt8], _ frame: Frame) -> [ByteBuffer] {
        guard let sizes = frame.member("attachments").flatMap({ try? JSONCoding.decode([Int].self, from: $0) }) else {
            return [ByteBuffer(bytes: bytes)]
        }
        var rest = bytes[...]
        return sizes.prefix(64).map { size in
            defer { rest = rest.dropFirst(max(0, size)) }
            return ByteBuffer(bytes: rest.prefix(max(0, size)))
        }
    }
}
