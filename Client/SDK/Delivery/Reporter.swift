import Logging

/// Tells the log and the user's callback of problems.
struct Reporter: Sendable {
    let logger: Logger
    let onProblem: (@Sendable (DeliveryProblem) -> Void)?

    func report(_ problem: DeliveryProblem, level: Logger.Level = .warning) {
        logger.log(
            level: level,
            "delivery problem",
            metadata: [
                "problem.kind": "\(problem.kind)", "problem.records": "\(problem.records)",
                "problem.message": "\(problem.message)",
            ]
        )
        onProblem?(problem)
    }
}
