public import ArgumentParser
import Foundation
public import Holdfast

extension VariablesCollect.Root: ExpressibleByArgument {}

/// `holdfast gc`
struct CollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Evict values of variables that nothing needs any more.",
        discussion: """
            Kept are the newest values of each location, what is tagged, and what is reachable from tags and snapshots. Anything \
            else goes into quarantine, and is evicted by a later gc if nothing needs it by then. What no known function made \
            stays, unless --originals. Records and lineage always stay: running the same function again brings a value back.
            """
    )

    @Option(
        parsing: .unconditional,
        help: .init("Keep the newest so many values of each location.", valueName: "number")
    )
    var keepLatest = 1
    @Option(help: "Keep what is reachable from tags or snapshots; may be given twice. (default: both)")
    var keepReachable: [VariablesCollect.Root] = []
    @Flag(help: "Also evict values that no known function made; nobody can compute them again.")
    var originals = false
    @Option(
        parsing: .unconditional,
        help: .init(
            "How long values stay in quarantine: a number with s, min, h, d or w. (default: 1d)",
            valueName: "30d|12h|90min|…"
        )
    )
    var grace: Age?
    @Flag(help: "Only say what would be done.")
    var dryRun = false
    @OptionGroup var target: ServerTarget

    func validate() throws {
        guard keepLatest >= 0 else { throw ValidationError("--keep-latest is at least 0.") }
    }

    func run() async throws {
        let collect = VariablesCollect(
            keepLatest: keepLatest,
            keepReachable: keepReachable.isEmpty ? nil : keepReachable,
            originals: originals,
            grace: grace?.seconds,
            dryRun: dryRun
        )
        let isDry = dryRun
        try await target.run(doing: "collecting", patience: .seconds(86_400)) { client in
            let result = try await client.call(collect)
            let words = isDry ? ["would be evicted", "would be in quarantine"] : ["evicted", "in quarantine"]
            var lines = [
                "\(Self.text(result.evicted)) \(words[0])", "\(Self.text(result.quarantined)) \(words[1])",
                "\(Self.text(result.kept)) kept",
            ]
            if result.rescued.values > 0 { lines.append("\(Self.text(result.rescued)) needed again") }
            guard !isDry, result.evicted.values > 0 else { return lines.joined(separator: "; ") }
            let file = try await client.call(VariablesCompact())
            let freed = file.bytesBefore - file.bytes + (try await client.vacuum())
            return lines.joined(separator: "; ") + "; \(Self.megabytes(freed)) are free again"
        }
    }

    private static func text(_ amount: VariablesCollect.Amount) -> String {
        "\(Human.plural(amount.values, "value")) (\(megabytes(amount.bytes)))"
    }

    private static func megabytes(_ bytes: Int) -> String { String(format: "%.1f MB", Double(bytes) / 1_048_576) }
}
