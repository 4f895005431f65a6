import Hummingbird
import NIOCore
import Wire

/// Answers requests for pictures, which never change once they exist.
struct PictureResponse: Sendable {
    let pictures: Pictures

    /// The picture of a reference in the size that the query asks for.
    func respond(_ ref: FrameRef, _ request: Hummingbird.Request) async throws -> Hummingbird.Response {
        let size = try Self.size(request)
        let tag = "\"\(ref.runID)/\(ref.dataset)/\(ref.index)/\(size ?? 0)\""
        var headers: HTTPFields = [.eTag: tag, .cacheControl: "private, max-age=31536000, immutable"]
        guard let picture = try await pictures.picture(of: ref, size: size) else {
            throw WireError.notFound("\(ref) has no array behind it")
        }
        if let known = request.headers[.ifNoneMatch], known.contains(tag) || known == "*" {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = "image/png"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: picture))
    }

    private static func size(_ request: Hummingbird.Request) throws -> Int? {
        guard let text = request.uri.queryParameters["size"] else { return nil }
        guard let size = Int(text), (1...8192).contains(size) else {
            throw WireError.invalidParams("size must be a number of pixels, 1 … 8192")
        }
        return size
    }

    /// The number before `.png` in the last part of a path.
    static func index(_ name: String) throws -> Int64 {
        guard name.hasSuffix(".png"), let index = Int64(name.dropLast(4)), index >= 0, !name.hasPrefix("+") else {
            throw WireError.notFound("pictures are called NUMBER.png")
        }
        return index
    }
}
