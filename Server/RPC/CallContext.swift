import Wire

/// What a handler knows of a request besides its parameters.
struct CallContext: Sendable {
    /// How arrays are returned unless the request says otherwise.
    let arrayEncoding: ArrayEncoding
    /// The largest response.
    let limits: FrameLimits
    /// Waits until the writes that came before on the same connection are answered.
    let earlierWrites: @Sendable () async -> Void
}
