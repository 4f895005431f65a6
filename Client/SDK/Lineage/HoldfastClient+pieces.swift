import NIOCore
import Wire

/// Large arrays on their way: in pieces, several at a time, so that one is hashed and written while the next one comes.
private enum Pieces {
    /// A larger array goes in pieces.
    static let largestWhole = 32 << 20
    /// A multiple of 2^20, as the protocol wants it.
    static let size = 16 << 20
    static let atATime = 3
    /// How often a piece is sent whose answer was lost; the same piece is stored once.
    static let attempts = 5
    static let backoff = Backoff(first: .milliseconds(50), longest: .seconds(1))
}

extension HoldfastClient {
    /// The value as a request takes it: of a large array its pieces, which are uploaded.
    func uploaded(_ value: VariableValue) async throws -> VariableValue {
        guard case .array(let array) = value, array.bytes.readableBytes > Pieces.largestWhole else { return value }
        let starts = Array(stride(from: 0, to: array.bytes.readableBytes, by: Pieces.size))
        let names = try await transfer(starts) { start in
            let length = min(Pieces.size, array.bytes.readableBytes - start)
            guard let bytes = array.bytes.getSlice(at: array.bytes.readerIndex + start, length: length) else {
                preconditionFailure("a piece lies within its array")
            }
            let piece = try ArrayValue(dtype: .uint8, shape: [length], bytes: bytes)
            return try await self.callAgain(VariablesUpload(bytes: piece)).piece
        }
        return .pieces(PieceArray(dtype: array.dtype, shape: array.shape, pieces: names))
    }

    /// Loads a record with its value, however large that is.
    func load(_ request: VariablesLoad) async throws -> VariableRecord {
        var request = request
        request.pieces = true
        return try await downloaded(try await call(request))
    }

    /// A record whose value is whole.
    func downloaded(_ record: VariableRecord) async throws -> VariableRecord {
        guard case .pieces(let array)? = record.value else { return record }
        let size = try ArrayValue.byteCount(dtype: array.dtype, shape: array.shape)
        // The most that a ByteBuffer holds.
        guard size < Int(UInt32.max) else {
            throw HoldfastError(
                .tooLarge,
                "the \(record.variable) \(record.recordID) has \(size) bytes; this client takes arrays below 4 GiB"
            )
        }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(size)
        for piece in try await transfer(array.pieces, { try await self.callAgain(VariablesDownload(piece: $0)).bytes })
        {
            bytes.writeImmutableBuffer(piece.bytes)
        }
        var record = record
        record.value = .array(try ArrayValue(dtype: array.dtype, shape: array.shape, bytes: bytes))
        return record
    }

    private func transfer<Item: Sendable, Value: Sendable>(
        _ items: [Item],
        _ transfer: @escaping @Sendable (Item) async throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: (Int, Value).self) { group in
            var values = [Value?](repeating: nil, count: items.count)
            for (place, item) in items.enumerated() {
                if place >= Pieces.atATime, let (done, value) = try await group.next() { values[done] = value }
                group.addTask { (place, try await transfer(item)) }
            }
            for try await (done, value) in group { values[done] = value }
            return values.compactMap(\.self)
        }
    }

    /// Calls what may be done twice, until there is an answer.
    private func callAgain<M: Method>(_ method: M) async throws -> M.Result {
        var delays = Pieces.backoff.makeIterator()
        for _ in 1..<Pieces.attempts {
            do {
                return try await call(method)
            } catch let error as HoldfastError where error.code == .unreachable {
                try await Task.sleep(for: delays.next() ?? .zero)
            }
        }
        return try await call(method)
    }
}
