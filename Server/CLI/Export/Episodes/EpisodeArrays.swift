import Foundation
import Holdfast

#if canImport(Glibc)
import Glibc
#endif

/// One episode as an .npz file of numpy.
struct EpisodeArrays {
    let episode: Episode
    let client: HoldfastClient

    /// Writes the file, which appears under its name when it is complete; returns the number of steps.
    func write(to path: String, advance: (Int) -> Void) async throws -> Int {
        var members = Members(path: path)
        var pages = EpisodePages(episode.episodeID, arrays: [.frame, .observation, .action], client: client)
        let infos = try TextMember("infos", beside: path)
        var count = 0
        while let page = try await pages.next() {
            try addColumns(page.steps, first: count, to: &members)
            if let actions = page.actions { try members.append("actions", actions, first: count) }
            if let frames = page.frames { try members.append("frames", frames, first: count) }
            for (name, rows) in page.observations { try members.append(name, rows, first: count) }
            for step in page.steps { try infos.append(try InfoText.of(step)) }
            count += page.steps.count
            advance(page.steps.count)
        }
        let draft = path + ".part"
        do {
            try assemble(members, infos, count, draft)
            guard unsafe rename(draft, path) == 0 else {
                throw CommandFailure(code: CommandFailure.other, message: "\(path) can't be replaced")
            }
        } catch {
            try? FileManager.default.removeItem(atPath: draft)
            throw error
        }
        return count
    }

    private func addColumns(_ steps: [StoredStep], first: Int, to members: inout Members) throws {
        let columns = [
            ("rewards", try ArrayValue(steps.map(\.reward))),
            ("terminations", try ArrayValue(steps.map(\.terminated))),
            ("truncations", try ArrayValue(steps.map(\.truncated))),
            ("step_index", try ArrayValue(steps.map(\.stepIndex))),
            ("timestamps", try ArrayValue(steps.map(\.timestamp))),
        ]
        for (name, column) in columns { try members.append(name, StepRows(all: column), first: first) }
    }

    private func assemble(_ members: Members, _ infos: TextMember, _ count: Int, _ draft: String) throws {
        let file = try SpoolFile(draft)
        let zip = ZIPWriter(file)
        for member in members.sorted { try member.write(to: zip, of: count) }
        try infos.write(to: zip)
        for (name, text) in [("episode_id", episode.episodeID), ("run_id", episode.runID)] {
            let member = try TextMember(name, beside: draft)
            try member.append(text)
            try member.write(to: zip, isScalar: true)
        }
        try zip.close()
        try file.close()
    }

    /// The arrays that have come up so far, by name.
    private struct Members {
        let path: String
        private var members: [String: ArrayMember] = [:]

        init(path: String) { self.path = path }

        var sorted: [ArrayMember] { members.values.sorted { $0.name < $1.name } }

        mutating func append(_ name: String, _ rows: StepRows, first: Int) throws {
            let member: ArrayMember
            if let known = members[name] {
                member = known
            } else {
                member = try ArrayMember(name, dtype: rows.dtype, shape: rows.shape, beside: path)
            }
            members[name] = member
            try member.append(rows, first: first)
        }
    }
}
