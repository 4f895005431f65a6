import ArgumentParser
import Foundation
import Holdfast

/// `holdfast verify`
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every reference and every stored array.",
        discussion: """
            Reads and decompresses all arrays of the runs, and compares the counts of the array files with those of the \
            database. What a server that was killed left behind is put right when the data directory is opened; --repair also \
            takes out references with nothing behind them. With --data every page of the database is looked at first. Exits with 4 if something is wrong.
            """
    )

    @Argument(help: "The runs. (default: all, with the images to label and the variables)")
    var runs: [String] = []
    @Flag(help: "Take out references with no array, or no whole one, behind them.")
    var repair = false
    @OptionGroup var target: ServerTarget

    func run() async throws {
        if let database = target.data.map({ DataFolder($0).database }),
            FileManager.default.fileExists(atPath: database),
            let fault = DatabaseCheck(path: database, subject: "database").fault
        {
            throw CommandFailure(code: CommandFailure.dataDamaged, message: fault)
        }
        let (runs, repair) = (runs, repair)
        try await target.run(doing: "verifying", patience: .seconds(3600)) { client in
            let names = runs.isEmpty ? try await Self.allRuns(client) : runs
            var progress = ProgressBar("runs", total: names.count)
            var (wrong, unreadable) = (0, 0)
            var checked = 0
            for name in names {
                let result: RefsValidate.Result
                do {
                    result = try await client.validate(run: name, decode: true)
                } catch let error as WireError where error.kind == .runDamaged {
                    // The others are looked at all the same.
                    print("\(name): \(error.message)")
                    (wrong, unreadable) = (wrong + 1, unreadable + 1)
                    progress.advance(by: 1)
                    continue
                }
                checked += result.checked
                let faults = Self.faults(result)
                for fault in faults { print("\(name): \(fault)") }
                if !faults.isEmpty { wrong += 1 }
                if repair { try await Self.repair(name, result, client) }
                progress.advance(by: 1)
            }
            guard wrong == 0 else {
                throw CommandFailure(
                    code: CommandFailure.dataDamaged,
                    message: "\(wrong) of \(Human.plural(names.count, "run")) \(wrong == 1 ? "has" : "have") faults"
                        + (repair
                            ? "; references with nothing behind them were taken out"
                            : "; --repair takes out references with nothing behind them")
                        + (unreadable > 0 ? "; restore the files that can't be read from a backup" : "")
                )
            }
            let own = names.filter { !RunID.reserved.contains($0) }.count
            let others = runs.isEmpty ? ", images and variables" : ""
            return "\(Human.plural(own, "run"))\(others): \(Human.plural(checked, "reference")), all whole"
        }
    }

    private static func allRuns(_ client: HoldfastClient) async throws -> [String] {
        var names: [String] = []
        var cursor: String?
        repeat {
            let page = try await client.call(RunsList(limit: 1000, cursor: cursor))
            names += page.runs.map(\.runID)
            cursor = page.cursor
        } while cursor != nil
        return names + RunID.reserved.sorted()
    }

    private static func faults(_ result: RefsValidate.Result) -> [String] {
        var faults = result.problems
        if result.missingCount > 0 {
            faults.append(
                "\(result.missingCount) references have no array behind them, the first is \(result.missing[0])"
            )
        }
        if let first = result.undecodable?.first {
            faults.append("\(result.undecodable?.count ?? 0) arrays can't be decompressed, the first is \(first)")
        }
        if result.unreferenced > 0 {
            faults.append("\(result.unreferenced) stored rows belong to nothing that is committed")
        }
        return faults
    }

    private static func repair(_ name: String, _ first: RefsValidate.Result, _ client: HoldfastClient) async throws {
        var result = first
        // A thousand at a time: so many are listed.
        while true {
            let refs = result.missing + (result.undecodable ?? [])
            if refs.isEmpty { return }
            let cleared = try await client.call(RefsRepair(runID: name, refs: Array(refs.prefix(1000)))).cleared
            if cleared == 0 { return }
            result = try await client.validate(run: name, decode: true)
        }
    }
}
