import Wire

extension Thunk {
    /// The thunk over many locations; nothing happens before ``BatchRun/plan()`` or ``BatchRun/run(parallel:stopsOnError:progress:)``.
    ///
    /// ```swift
    /// let batch = filter.forEach(
    ///     .variable(Raw.self), try .constant(20.0),
    ///     where: .product(["subject": [1, 2, 3], "session": ["A", "B"]]), client: client)
    /// print(try await batch.plan())                          // run, hit or missing, and why; loads no data
    /// let report = try await batch.run(parallel: 4)          // one that fails stops no other
    /// ```
    ///
    /// - Parameter inputs: What each parameter is given, of the parameter's own type.
    public func forEach(
        _ inputs: repeat BatchInput<each Input>,
        where combinations: Combinations,
        client: HoldfastClient
    ) -> BatchRun<Outputs, repeat each Input> {
        BatchRun(thunk: self, inputs: (repeat each inputs), combinations: combinations, client: client)
    }
}

/// A thunk, its inputs, and where it is to be run.
public struct BatchRun<Outputs: Sendable, each Input: Sendable>: Sendable {
    let thunk: Thunk<Outputs, repeat each Input>
    let inputs: (repeat BatchInput<each Input>)
    let combinations: Combinations
    let client: HoldfastClient

    /// How many combinations are asked about at a time.
    private static var questions: Int { 32 }

    /// For each combination whether it is to be run, a hit, or lacks an input, and why; loads no data.
    public func plan() async throws -> BatchReport {
        let identity = try thunk.identity()
        let found = FoundRecords(client)
        return BatchReport(
            entries: try await concurrently(try await locations(), atMost: Self.questions) { location in
                try await planned(location, identity, found)
            }
        )
    }

    /// Plans, then runs the plan.
    ///
    /// - Throws: What planning throws; what fails at one combination is in its entry.
    @discardableResult
    public func run(
        parallel: Int = 1,
        stopsOnError: Bool = false,
        progress: (@Sendable (_ done: Int, _ of: Int) -> Void)? = ProgressBar.onTerminal
    ) async throws -> BatchReport {
        try await run(try await plan(), parallel: parallel, stopsOnError: stopsOnError, progress: progress)
    }

    /// Computes what a plan says is to be run, of the very inputs that it found, and saves it; one that fails stops no other.
    ///
    /// After an interruption the next plan has what was done as hits.
    ///
    /// - Parameters:
    ///   - parallel: How many combinations at a time.
    ///   - stopsOnError: Whether none is begun after one that failed.
    ///   - progress: Told after each; by default a bar on standard error, if that is a terminal.
    @discardableResult
    public func run(
        _ plan: BatchReport,
        parallel: Int = 1,
        stopsOnError: Bool = false,
        progress: (@Sendable (_ done: Int, _ of: Int) -> Void)? = ProgressBar.onTerminal
    ) async throws -> BatchReport {
        let identity = try thunk.identity()
        let course = BatchCourse(of: plan.entries.count, stopsOnError: stopsOnError, progress: progress)
        let entries = try await concurrently(plan.entries, atMost: parallel) { entry in
            let done = await course.isStopped ? skipped(entry) : await self.done(entry, identity)
            await course.ended(done)
            return done
        }
        return BatchReport(entries: entries)
    }

    private func skipped(_ entry: BatchEntry) -> BatchEntry {
        guard entry.status == .run else { return entry }
        return BatchEntry(entry.metadata, .skipped, "another one failed")
    }

    private func done(_ entry: BatchEntry, _ identity: FunctionIdentity) async -> BatchEntry {
        guard entry.status == .run || (entry.status == .hit && !entry.isHere) else { return entry }
        var entry = entry
        let clock = ContinuousClock()
        let start = clock.now
        do {
            let invocation = try invocation(entry.inputs, identity)
            do {
                try await compute(&entry, invocation)
            } catch let error as WireError where error.kind == .leaseLost {
                // Another one has computed it meanwhile.
                try await compute(&entry, invocation)
            }
        } catch {
            entry.fail(error)
        }
        entry.duration = clock.now - start
        return entry
    }

    private func compute(_ entry: inout BatchEntry, _ invocation: Invocation) async throws {
        let records = entry.inputs
        var isHit = true
        let made = try await thunk.made(by: invocation, client) {
            isHit = false
            return try await computed(records)
        }
        entry.recordIDs = []
        for output in made.all { entry.recordIDs.append(try await output.save(at: entry.metadata, client)) }
        entry.status = isHit ? .hit : .done
    }

    private func computed(_ records: [VariableRecord?]) async throws -> [any Variable] {
        var place = 0
        func next<Value>(_ input: BatchInput<Value>) async throws -> Value {
            defer { place += 1 }
            return try await input.value(records[place], client)
        }
        let values = (repeat try await next(each inputs))
        return try await thunk.function((repeat each values))
    }

    func invocation(_ records: [VariableRecord?], _ identity: FunctionIdentity) throws -> Invocation {
        var forms: [ArgumentForm] = []
        for input in repeat each inputs { forms.append(input.form(records[forms.count])) }
        return try thunk.invocation(forms, identity)
    }
}

/// Results of many pieces of work in their order, of which at most some are under way at a time.
func concurrently<Item: Sendable, Made: Sendable>(
    _ items: [Item],
    atMost limit: Int,
    _ work: @escaping @Sendable (Item) async throws -> Made
) async throws -> [Made] {
    var made = [Made?](repeating: nil, count: items.count)
    try await withThrowingTaskGroup(of: (Int, Made).self) { group in
        var next = 0
        func begin() {
            guard next < items.count else { return }
            let (place, item) = (next, items[next])
            next += 1
            group.addTask { (place, try await work(item)) }
        }
        for _ in 0..<max(1, limit) { begin() }
        while let (place, result) = try await group.next() {
            made[place] = result
            begin()
        }
    }
    return made.compactMap(\.self)
}
