import Wire

/// A variable that consists of parts, each a value of its own: a recording of trials, say.
public protocol Distributable: Variable {
    associatedtype Part: Variable

    var parts: [Part] { get }
}

extension BatchRun {
    /// Runs the batch, then saves each part of every output one level below it: part 1 of the output at subject 1 goes to subject
    /// 1, trial 1.
    ///
    /// What a part was taken out of is its lineage. Parts that an output no longer has are deleted.
    ///
    /// - Parameter key: The schema key that counts the parts, from 1.
    @discardableResult
    public func run<Whole: Distributable>(
        distributingOver key: String,
        parallel: Int = 1,
        stopsOnError: Bool = false,
        progress: (@Sendable (_ done: Int, _ of: Int) -> Void)? = ProgressBar.onTerminal
    ) async throws -> BatchReport where Outputs == Computed<Whole> {
        let report = try await run(parallel: parallel, stopsOnError: stopsOnError, progress: progress)
        let parting = Parting<Whole>(key: key, client: client)
        return BatchReport(
            entries: try await concurrently(report.entries, atMost: parallel) { entry in
                await parting.distributed(entry)
            }
        )
    }
}

/// Takes values apart, and saves their parts.
private struct Parting<Whole: Distributable>: Sendable {
    let key: String
    let client: HoldfastClient
    private let part = Thunk("part", version: 1, parameters: ["whole", "index"]) { (whole: Whole, index: Int) in
        whole.parts[index]
    }

    init(key: String, client: HoldfastClient) {
        self.key = key
        self.client = client
    }

    func distributed(_ entry: BatchEntry) async -> BatchEntry {
        guard entry.status == .done || entry.status == .hit, let id = entry.recordIDs.first else { return entry }
        var entry = entry
        do {
            entry.recordIDs += try await saveParts(
                of: try await client.load(Whole.self, version: id),
                at: entry.metadata
            )
        } catch {
            entry.fail(error)
        }
        return entry
    }

    private func saveParts(of whole: Record<Whole>, at location: Metadata) async throws -> [String] {
        let count = whole.value.parts.count
        let here = try await client.latest(of: Whole.Part.variableName, at: location)
        let identity = try part.identity()
        var ids: [String] = []
        for index in 0..<count {
            let place = location.merging([key: .integer(Int64(index + 1))]) { $1 }
            let invocation = try part.invocation([whole.argumentForm, index.argumentForm], identity)
            let known = here.first { record in
                record.metadata.isSame(as: place) && record.lineageHash == invocation.hashes[0]
                    && record.schemaVersion == Whole.Part.schemaVersion
            }
            if let known {
                ids.append(known.recordID)
            } else {
                ids.append(try await client.save(try await part(whole, index, client: client), at: place).recordID)
            }
        }
        for record in here {
            guard case .integer(let number)? = record.metadata[key], number > count else { continue }
            let place = location.merging([key: .integer(number)]) { $1 }
            if record.metadata.isSame(as: place) { try await client.delete(Whole.Part.self, version: record.recordID) }
        }
        return ids
    }
}
