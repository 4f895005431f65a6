import Wire

/// Carries out single requests against the method table: for doors where each request stands alone.
struct Dispatcher: Sendable {
    let table: MethodTable
    let writer: Writer

    func outcome(of request: Request, _ context: CallContext) async -> Response.Outcome {
        switch handler(of: request) {
        case .failure(let error): return .failure(error)
        case .success(.read(let read)): return await read(request, context)
        case .success(.write(let prepare)): return await writer.perform(await prepare(request, context))
        }
    }

    /// The method's handler, or why there is none.
    func handler(of request: Request) -> Result<MethodTable.Handler, WireError> {
        if let handler = table[request.method] { return .success(handler) }
        return .failure(WireError(.methodNotFound, "there is no method \"\(request.method.prefix(100))\""))
    }
}
