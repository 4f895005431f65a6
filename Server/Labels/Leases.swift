import Synchronization

/// Which images are in front of which annotator, so that two people never get the same one.
final class Leases: Sendable {
    /// Seconds until an image that was handed out and not answered is offered again.
    static let duration = 300.0

    private struct Lease {
        let annotator: String
        let expiry: Double
    }

    private let leases = Mutex<[Int64: Lease]>([:])

    /// The images that an annotator may not get.
    func heldByOthers(than annotator: String, at time: Double) -> Set<Int64> {
        leases.withLock { leases in
            leases = leases.filter { $0.value.expiry > time }
            return Set(leases.filter { $0.value.annotator != annotator }.keys)
        }
    }

    /// Leases the images that nobody else holds, and gives those back.
    func take(_ images: [Int64], for annotator: String, at time: Double) -> [Int64] {
        leases.withLock { leases in
            images.filter { image in
                if let lease = leases[image], lease.annotator != annotator, lease.expiry > time { return false }
                leases[image] = Lease(annotator: annotator, expiry: time + Self.duration)
                return true
            }
        }
    }

    func release(_ image: Int64) { leases.withLock { _ = $0.removeValue(forKey: image) } }
}
