import Synchronization

/// Which images are in front of whom, so that two people never get the same one.
final class Leases: Sendable {
    /// Seconds until an image that was handed out and not answered is offered again.
    static let duration = 300.0

    private struct Lease {
        let holder: String
        let expiry: Double
        /// The connection that ends it by its own end.
        let connection: ObjectIdentifier?
    }

    /// A look into the database for images to hand out.
    struct Look {
        fileprivate let begun: Int
    }

    private struct State {
        var leases: [Int64: Lease] = [:]
        /// Images that were judged while somebody looked, by the number of the judgement.
        var judged: [Int64: Int] = [:]
        var judgements = 0
        /// Where the judgements stood when each look began that is not over.
        var looks: [Int] = []
        /// How many leases there may be before expired ones are looked for.
        var tidyAt = 1024

        func held(by holder: String, among images: [Int64]?) -> [Int64] {
            (images ?? Array(leases.keys)).filter { leases[$0]?.holder == holder }
        }
    }

    private let state = Mutex(State())

    /// Whether an image is in front of somebody else.
    func isHeld(_ image: Int64, byOtherThan holder: String, at time: Double) -> Bool {
        state.withLock { state in
            guard let lease = state.leases[image] else { return false }
            return lease.expiry > time && lease.holder != holder
        }
    }

    /// Begins a look, before the database is read: images that are judged from now on may still look open to it.
    func beginLook() -> Look {
        state.withLock { state in
            state.looks.append(state.judgements)
            return Look(begun: state.judgements)
        }
    }

    func end(_ look: Look) {
        state.withLock { state in
            if let place = state.looks.firstIndex(of: look.begun) { state.looks.remove(at: place) }
            if let oldest = state.looks.min() {
                guard state.judged.count >= 1024 else { return }
                state.judged = state.judged.filter { $0.value > oldest }
            } else {
                state.judged = [:]
            }
        }
    }

    /// Leases the images that nobody else holds and nobody has judged since the look began, and gives those back.
    ///
    /// - Parameters:
    ///   - look: In which they were found to be open.
    ///   - connection: Its end ends the leases; nil leaves that to their time.
    func take(
        _ images: [Int64],
        for holder: String,
        at time: Double,
        seenIn look: Look? = nil,
        connection: ObjectIdentifier? = nil
    ) -> [Int64] {
        state.withLock { state in
            if state.leases.count >= state.tidyAt {
                state.leases = state.leases.filter { $0.value.expiry > time }
                state.tidyAt = max(1024, 2 * state.leases.count)
            }
            return images.filter { image in
                if let look, let judgement = state.judged[image], judgement > look.begun { return false }
                if let lease = state.leases[image], lease.holder != holder, lease.expiry > time { return false }
                state.leases[image] = Lease(
                    holder: holder,
                    expiry: time + Self.duration,
                    connection: connection
                )
                return true
            }
        }
    }

    /// Ends the lease of an image that was judged, which is committed.
    func release(judged image: Int64) {
        state.withLock { state in
            state.leases[image] = nil
            state.judgements += 1
            if !state.looks.isEmpty { state.judged[image] = state.judgements }
        }
    }

    /// What a holder holds, or those of the images that it holds.
    func held(by holder: String, among images: [Int64]?) -> [Int64] {
        state.withLock { $0.held(by: holder, among: images) }
    }

    /// Gives back what a holder holds, or those of the images that it holds.
    func release(of holder: String, _ images: [Int64]?) {
        state.withLock { state in
            for image in state.held(by: holder, among: images) { state.leases[image] = nil }
        }
    }

    /// Gives back what was leased over a connection.
    func release(of connection: ObjectIdentifier) {
        state.withLock { state in state.leases = state.leases.filter { $0.value.connection != connection } }
    }
}
