/// Counts the writer's commits, with how long they took.
final class CommitMeter: Sendable {
    /// From the beginning of the transaction until it is on disk, arrays included.
    let durations = Histogram()
    /// Writes that were committed; several go into one commit.
    let writes = Tally()
    /// Groups of writes that could not be committed.
    let failures = Tally()

    func record(_ count: Int, in duration: Duration, hasFailed: Bool) {
        if hasFailed { return failures.add() }
        durations.record(duration)
        writes.add(count)
    }
}
