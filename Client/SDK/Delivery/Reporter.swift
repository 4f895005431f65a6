import Logging

/// Tells the log and the user's callback of problems.
struct Reporter: Sendable {
    let logger: Logger
    let onProblem: (@Sendable (DeliveryProblem) -> Void)?

    func report(_ problem: DeliveryProblem) {
        logger.log(
            level: problem.kind == .waiting ? .info : .warning,
            "delivery problem",
            metadata: [
                "problem.kind": "\(problem.kind)", "problem.records": "\(problem.records)",
                "problem.message": "\(problem.message)",
            ]
        )
        onProblem?(problem)
    }
}
