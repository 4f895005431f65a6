import Hummingbird
import NIOCore
import Wire

/// Gives every error of this door the same JSON shape.
struct ErrorShape<Context: Hummingbird.RequestContext>: RouterMiddleware {
    func handle(
        _ request: Hummingbird.Request,
        context: Context,
        next: @concurrent (Hummingbird.Request, Context) async throws -> Hummingbird.Response
    ) async throws -> Hummingbird.Response {
        do {
            return try await next(request, context)
        } catch let failure as HTTPFailure {
            return try failure.response(from: request, context: context)
        } catch let error as WireError {
            return try HTTPFailure(Self.status(of: error), error).response(from: request, context: context)
        } catch is NIOTooManyBytesError {
            return try HTTPFailure(.contentTooLarge, .parseError, "the body is too large")
                .response(from: request, context: context)
        } catch let error as HTTPError where error.status == .notFound {
            let (method, path) = (request.method.rawValue.prefix(20), request.uri.path.prefix(200))
            return try HTTPFailure(.notFound, .notFound, "there is nothing to \(method) at \(path)")
                .response(from: request, context: context)
        } catch let error as HTTPError {
            return try HTTPFailure(error.status, .invalidRequest, error.body ?? error.status.reasonPhrase)
                .response(from: request, context: context)
        }
    }

    private static func status(of error: WireError) -> HTTPResponse.Status {
        switch error.kind {
        case .unauthorized: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .internalError, .runDamaged: .internalServerError
        case .diskFull, .overloaded: .serviceUnavailable
        default: .badRequest
        }
    }
}
