/// What a write may touch while its group's transaction is open. Used on the writer's executor only.
final class WriteTransaction {
    let connection: Connection
    /// UNIX seconds, the same for all writes of a group.
    let time: Double
    /// Arrays to be written to files before the transaction commits.
    var arrays: ArrayStage
    private var commitActions: [@Sendable () -> Void] = []

    init(connection: Connection, time: Double, arrays: ArrayStage) {
        self.connection = connection
        self.time = time
        self.arrays = arrays
    }

    /// The time as the tables have it.
    lazy var timestamp = Timestamp.text(time)

    /// Runs an action once the group is committed, before its writes are answered.
    func afterCommit(_ action: @escaping @Sendable () -> Void) { commitActions.append(action) }

    func committed() {
        for action in commitActions { action() }
    }

    /// Runs one write inside a savepoint: if it throws, neither its rows nor its arrays nor its actions remain.
    func withSavepoint<Value>(_ body: () throws -> Value) throws -> Value {
        let stageMark = arrays.mark
        let actionMark = commitActions.count
        try connection.execute("SAVEPOINT write")
        do {
            let value = try body()
            try connection.execute("RELEASE write")
            return value
        } catch {
            arrays.rewind(to: stageMark)
            commitActions.removeSubrange(actionMark...)
            // After some errors SQLite has ended the whole transaction, and the savepoint with it.
            if connection.isInsideTransaction {
                try connection.execute("ROLLBACK TO write")
                try connection.execute("RELEASE write")
            }
            throw error
        }
    }
}
