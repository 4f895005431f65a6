import Foundation
import NIOCore
import Testing
import Wire

@testable import Server

/// Each method asks for its role, and for no other.
struct RolesTests {
    /// As the manual has it; what is not here needs `read`.
    private static let methods: [Role?: Set<String>] = [
        nil: ["hello", "server.ping"],
        .ingest: [
            "runs.start", "runs.heartbeat", "runs.finish", "steps.append", "episodes.finish", "metrics.append",
            "images.insert", "labels.update_predictions", "labels.update_scores", "snapshots.create",
            "variables.schema", "variables.save", "variables.save_many", "variables.upload", "variables.tag",
            "variables.untag",
            "lineage.save", "lineage.claim",
            "lineage.renew", "lineage.release",
        ],
        .label: [
            "labels.next", "labels.release", "labels.set", "labels.set_many", "labels.import", "labels.undo",
            "labels.skip",
        ],
        .holdout: ["holdout.next", "holdout.images", "holdout.evaluate"],
        .admin: [
            "runs.delete", "runs.seal", "refs.repair", "metrics.prune", "server.vacuum", "server.backup",
            "variables.delete", "variables.collect", "variables.compact", "tokens.create", "tokens.list",
            "tokens.revoke", "audit.list",
        ],
    ]

    private static func role(of method: String) -> Role? {
        for (role, names) in methods where names.contains(method) { return role }
        return .read
    }

    @Test(arguments: [nil] + Role.allCases)
    func aMethodIsOpenToItsRoleAlone(role: Role?) async throws {
        let data = try TestData()
        let access = Access(roles: role.map { [$0] } ?? [])
        let names = Methods.all.map { $0.name }.filter { $0 != Hello.name }
        #expect(Set(names).isSuperset(of: Self.methods.values.joined().filter { $0 != Hello.name }))
        for name in names {
            // Parameters that no method takes: what gets further than the role is refused for them.
            let payload = """
                {"jsonrpc":"2.0","id":1,"method":"\(name)","params":{"producer":"\(UUID().uuidString)","seq":1}}
                """
            let context = CallContext(
                arrayEncoding: .base64,
                limits: FrameLimits(),
                access: access,
                earlierWrites: {}
            )
            let request = try Request(try Frame(payload: ByteBuffer(string: payload)))
            let outcome = await data.dispatcher.outcome(of: request, context)
            let needed = Self.role(of: name)
            guard case .failure(let error) = outcome, error.kind == .forbidden else {
                #expect(needed == nil || needed == role, "\(name) is open to \(role?.rawValue ?? "nobody's token")")
                continue
            }
            #expect(needed != nil && needed != role, "\(name) is closed to \(role?.rawValue ?? "nobody's token")")
            #expect(error.details["role"] == needed.map { .string($0.rawValue) })
        }
    }
}
