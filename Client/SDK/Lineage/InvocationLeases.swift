import Synchronization
import Wire

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Single flight: of all tasks and processes that call a thunk with the same arguments at the same time, one computes.
final class InvocationLeases: Sendable {
    enum Claim {
        /// The outputs are stored.
        case stored([LineageFind.Output])
        /// The caller is to compute them.
        case claimed(InvocationLease)
    }

    private struct Weak {
        weak var lease: InvocationLease?
    }

    /// How long the server is asked to wait in one call.
    private static let wait = Duration.seconds(10)

    /// Of those that were given by their tokens, as long as anyone has them.
    private let known = Mutex<[Int64: Weak]>([:])
    private let owner = "\(ProcessInfo.processInfo.processIdentifier):\(UUID().uuidString)"

    /// Waits while another computes the invocation.
    ///
    /// - Parameter unusable: Records that can't be loaded, and so are none.
    func claim(_ hashes: [String], except unusable: [String], _ client: HoldfastClient) async throws -> Claim {
        var wait = Duration.zero
        while true {
            let answer = try await client.call(
                LineageClaim(
                    lineageHashes: hashes,
                    owner: name,
                    ttl: InvocationLease.duration.milliseconds,
                    wait: wait.milliseconds,
                    except: unusable.isEmpty ? nil : unusable
                )
            )
            switch (answer.status, answer.token) {
            case (.stored, _): return .stored(answer.records ?? [])
            case (.claimed, let token?): return .claimed(lease(token, hashes, client))
            case (.claimed, nil), (.busy, _): wait = Self.wait
            }
        }
    }

    /// Of the task: one that computes the same twice before it saves it must not wait for itself.
    private var name: String {
        let task = unsafe withUnsafeCurrentTask { task in unsafe task?.hashValue ?? 0 }
        return "\(Host.name):\(owner):\(task)"
    }

    private func lease(_ token: Int64, _ hashes: [String], _ client: HoldfastClient) -> InvocationLease {
        known.withLock { known in
            known = known.filter { $0.value.lease != nil }
            let lease = known[token]?.lease ?? InvocationLease(token, client)
            lease.open(hashes)
            known[token] = Weak(lease: lease)
            return lease
        }
    }
}

/// The right to compute an invocation: prolonged while it is computed, over when its outputs are saved or gone.
final class InvocationLease: Sendable {
    /// After which another may compute what a process that died was computing.
    static let duration = Duration.seconds(30)

    private let token: Int64
    private let client: HoldfastClient
    /// The outputs that are still to be saved under it.
    private let unsaved = Mutex<Set<String>>([])

    init(_ token: Int64, _ client: HoldfastClient) {
        self.token = token
        self.client = client
    }

    deinit { release() }

    func open(_ hashes: [String]) { unsaved.withLock { $0.formUnion(hashes) } }

    /// What goes with an output that is saved; nil once it was.
    func token(toSave hash: String) -> Int64? { unsaved.withLock { $0.contains(hash) ? token : nil } }

    func wasSaved(_ hash: String) { _ = unsaved.withLock { $0.remove(hash) } }

    /// Computes while the lease is prolonged; gives it back if that fails.
    func kept<Made>(_ compute: () async throws -> Made) async throws -> Made {
        // Ends with this call; a lease that can't be prolonged shows when the outputs are saved.
        let renewal = Task { [client, token] in
            while !Task.isCancelled {
                try await Task.sleep(for: Self.duration / 3)
                _ = try? await client.call(LineageRenew(token: token, ttl: Self.duration.milliseconds))
            }
        }
        defer { renewal.cancel() }
        do {
            return try await compute()
        } catch {
            release()
            throw error
        }
    }

    private func release() {
        let isOpen = unsaved.withLock { hashes in
            defer { hashes.removeAll() }
            return !hashes.isEmpty
        }
        if isOpen { client.delivery.calls.send(LineageRelease(token: token)) }
    }
}

/// Where, when and for whom something is computed.
struct Circumstances: Sendable {
    private static let user = ProcessInfo.processInfo.userName

    var lease: InvocationLease?
    var startedAt: Double?
    var runID: String?
    var userID: String?
    var host: String?

    init() {}

    /// From now on, in the run that the client has open, if that is one.
    init(computing lease: InvocationLease, _ client: HoldfastClient) {
        self.lease = lease
        startedAt = ActiveRun.now
        runID = client.delivery.heartbeats.onlyRun
        userID = Self.user.isEmpty ? nil : Self.user
        host = Host.name
    }
}

extension Duration {
    fileprivate var milliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
