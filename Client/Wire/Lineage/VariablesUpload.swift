/// Stores a piece of an array that is larger than a request may be, ahead of the `variables.save` that names all its pieces.
public struct VariablesUpload: Method {
    public static let name = "variables.upload"
    public static let effect = MethodEffect.write
    public static let role: Role? = .ingest

    /// `uint8 (n,)`, 1 ≤ n. All pieces of an array have the same size, a multiple of 2^20 bytes; the last may have less.
    public var bytes: ArrayValue

    public init(bytes: ArrayValue) { self.bytes = bytes }

    public struct Result: Codable, Sendable {
        /// What ``PieceArray`` and `variables.download` call it: SHA-256 of its bytes, in hexadecimal.
        public var piece: String

        public init(piece: String) { self.piece = piece }
    }
}

/// Loads a piece of an array that was uploaded in pieces.
public struct VariablesDownload: Method, ReturnsArrays {
    public static let name = "variables.download"
    public static let effect = MethodEffect.read

    public var piece: String
    public var arrayEncoding: ArrayEncoding?

    public init(piece: String) { self.piece = piece }

    private enum CodingKeys: String, CodingKey {
        case piece
        case arrayEncoding = "array_encoding"
    }

    public struct Result: Codable, Sendable {
        /// `uint8 (n,)`
        public var bytes: ArrayValue

        public init(bytes: ArrayValue) { self.bytes = bytes }
    }
}

/// An array whose bytes, in C order, are those of its pieces one after the other.
public struct PieceArray: Codable, Sendable, Equatable {
    public var dtype: DType
    public var shape: [Int]
    public var pieces: [String]

    public init(dtype: DType, shape: [Int], pieces: [String]) {
        self.dtype = dtype
        self.shape = shape
        self.pieces = pieces
    }
}
