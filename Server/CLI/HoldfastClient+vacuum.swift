import Holdfast

extension HoldfastClient {
    /// Gives free pages of the database back to the file system, some at a time; says how many bytes.
    func vacuum() async throws -> Int {
        var progress: ProgressBar?
        var bytes = 0
        while true {
            let step = try await call(ServerVacuum())
            bytes += step.freed * step.pageSize
            if progress == nil { progress = ProgressBar("pages", total: step.freed + step.left) }
            progress?.advance(by: step.freed)
            if step.left == 0 || step.freed == 0 { return bytes }
        }
    }
}
