import NIOCore
import Wire

/// Arrays that are larger than a request may be come in pieces. Each piece is a row of `variable_contents` like a value, whole
/// leaves of the array file; the row of the array has its names.
enum Pieces {
    /// Of a row of `variable_contents` c: the bytes of its pieces.
    static let size = """
        ifnull((SELECT sum(piece.size) FROM variable_content_pieces AS part
        JOIN variable_contents AS piece ON piece.content_hash = part.piece_hash
        WHERE part.content_hash = c.content_hash), 0)
        """

    /// What there is of a piece.
    private struct Piece {
        let size: Int
        let leaves: [UInt8]
    }

    /// The digest of an array in pieces.
    ///
    /// - Throws: ``WireError`` with `missing_pieces`, or with `invalid_params` where the pieces are not the array.
    static func digest(_ array: PieceArray, _ connection: Connection) throws -> Digest {
        let found = try array.pieces.map { try piece($0, connection) }
        let missing = zip(array.pieces, found).filter { $1 == nil }.map { $0.0 }
        guard missing.isEmpty else { throw Self.missing(missing) }
        let pieces = found.compactMap(\.self)
        try check(pieces.map(\.size), of: array)
        return Digest(dtype: array.dtype, shape: array.shape, leaves: pieces.flatMap(\.leaves))
    }

    /// Throws unless pieces of these sizes can be the array's.
    private static func check(_ sizes: [Int], of array: PieceArray) throws {
        guard let first = sizes.first else { throw WireError.invalidParams("pieces: an array has at least one piece") }
        guard sizes.count == 1 || first % Leaves.size == 0 else {
            throw WireError.invalidParams(
                "pieces[0] has \(first) bytes; all but the last have a multiple of \(Leaves.size)"
            )
        }
        for (place, size) in sizes.enumerated()
        where place + 1 == sizes.count ? size > first : size != first {
            throw WireError.invalidParams(
                "pieces[\(place)] has \(size) bytes, the first has \(first); all have its size, but the last may have less"
            )
        }
        let expected: Int
        do {
            expected = try ArrayValue.byteCount(dtype: array.dtype, shape: array.shape)
        } catch {
            throw WireError.invalidParams("\(error)")
        }
        let size = sizes.reduce(0, +)
        guard expected == size else {
            throw WireError.invalidParams(
                "\(array.dtype.rawValue)\(array.shape) takes \(expected) bytes, its pieces have \(size)"
            )
        }
    }

    private static func piece(_ hash: String, _ connection: Connection) throws -> Piece? {
        try connection.first(
            """
            SELECT size, leaves FROM variable_pieces JOIN variable_contents ON content_hash = piece_hash
            WHERE piece_hash = ? AND \(Provenance.isHeld)
            """,
            hash
        ) { Piece(size: $0.int(0), leaves: $0.blob(1)) }
    }

    static func missing(_ pieces: [String]) -> WireError {
        WireError(
            .missingPieces,
            "\(pieces.count) of the pieces are not there; nothing was stored. Upload them and save again.",
            details: ["pieces": .array(pieces.map { .string($0) })]
        )
    }

    /// Notes which pieces an array has; inside the transaction that stores it.
    static func record(_ pieces: [String], of contentHash: String, _ connection: Connection) throws {
        let missing = try pieces.filter { try piece($0, connection) == nil }
        guard missing.isEmpty else { throw Self.missing(missing) }
        for (number, piece) in pieces.enumerated() {
            try connection.execute(
                "INSERT OR REPLACE INTO variable_content_pieces (content_hash, number, piece_hash) VALUES (?, ?, ?)",
                contentHash,
                number,
                piece
            )
        }
    }
}

extension Provenance {
    /// `variables.upload`
    func upload(
        _ parameters: VariablesUpload
    ) async throws -> @Sendable (WriteTransaction) throws -> VariablesUpload.Result {
        let array = parameters.bytes
        let size = array.bytes.readableBytes
        guard array.dtype == .uint8, array.shape.count == 1, array.rows == nil, size > 0 else {
            throw WireError.invalidParams("params.bytes is an array uint8[n] with at least one element")
        }
        let leaves = try await arrays.pool.run { Digest.leaves(of: array.bytes) }
        let digest = Digest(pieceOf: size, leaves: leaves)
        let piece = try await prepare(StoredPart(digest: digest, size: size, bytes: array.bytes))
        return { transaction in
            _ = try store(piece, transaction)
            try transaction.connection.execute(
                "INSERT OR IGNORE INTO variable_pieces (piece_hash, leaves) VALUES (?, ?)",
                piece.contentHash,
                leaves
            )
            return VariablesUpload.Result(piece: piece.contentHash)
        }
    }

    /// `variables.download`
    func download(_ parameters: VariablesDownload, _ context: CallContext) async throws -> VariablesDownload.Result {
        let bytes = try await piece(parameters.piece)
        guard bytes.readableBytes <= context.limits.attachments else {
            throw Self.tooLarge("the piece has \(bytes.readableBytes) bytes", context)
        }
        return VariablesDownload.Result(
            bytes: try ArrayValue(dtype: .uint8, shape: [bytes.readableBytes], bytes: bytes)
        )
    }

    /// The bytes of all pieces.
    func whole(_ array: PieceArray) async throws -> ArrayValue {
        var bytes = ByteBuffer()
        bytes.reserveCapacity(try ArrayValue.byteCount(dtype: array.dtype, shape: array.shape))
        for name in array.pieces { bytes.writeImmutableBuffer(try await piece(name)) }
        return try ArrayValue(dtype: array.dtype, shape: array.shape, bytes: bytes)
    }

    private func piece(_ name: String) async throws -> ByteBuffer {
        let place = try await catalog.read { connection in
            try connection.first(
                """
                SELECT size, bytes, first_leaf FROM variable_contents JOIN variable_pieces ON piece_hash = content_hash
                WHERE content_hash = ? AND \(Self.isHeld)
                """,
                name
            ) { (size: $0.int(0), bytes: $0.isNull(1) ? nil : $0.blob(1), first: $0.optionalInteger(2)) }
        }
        guard let place else {
            throw WireError.notFound(
                "there is no piece \"\(name.prefix(64))\"; the array may have been evicted: load it again"
            )
        }
        if let bytes = place.bytes { return ByteBuffer(bytes: bytes) }
        return try await Leaves.read(first: Int(place.first ?? 0), bytes: place.size, arrays)
    }

    static func tooLarge(_ what: String, _ context: CallContext) -> WireError {
        WireError(.resultTooLarge, what, details: ["limit": .integer(Int64(context.limits.attachments))])
    }
}
