import Logging
import NIOCore
import Wire

extension Sender {
    func answered(_ response: Response) {
        guard case .integer(let id) = response.id else { return }
        let result: Result<Batch.Answer, WireError>
        let consequence: Outbox<OutgoingRequest>.Consequence
        switch response.outcome {
        case .result(let body, let attachments):
            result = .success(.init(result: body, attachments: attachments))
            consequence = outbox.answered(id, .accepted)
            delays = backoff.makeIterator()
            (reportedReason, refusal) = (nil, nil)
        case .failure(let error):
            result = .failure(error)
            consequence = outbox.answered(id, .init(error))
            // That it did not take the requests behind is no reason of its own.
            if !error.isFinal, error.kind != .sequenceGap { reportWaiting(error) }
        }
        switch consequence {
        case .nothing: break
        case .settled(let request): finish(request, result)
        case .pause: pause(result)
        case .settledThenPause(let request):
            finish(request, result)
            pause(result)
        }
        look()
    }

    private func pause(_ result: Result<Batch.Answer, WireError>) {
        if reportedReason == nil, case .failure(let error) = result { reportWaiting(error) }
        resumption = loop.scheduleTask(in: nextDelay()) {
            if self.outbox.resume(makingProducer: Producer.make) { self.beginAnew() }
            self.look()
        }
    }

    func finish(_ request: OutgoingRequest, _ result: Result<Batch.Answer, WireError>) {
        switch result {
        case .success(let answer):
            let refused = request.refusedRows(answer)
            intake.release(records: request.records - refused.count, bytes: request.bytes, as: \.acknowledged)
            if let first = refused.first {
                reject(records: refused.count, bytes: 0, reason: "row \(first.index): \(first.message)")
            }
            request.reply?(.success(answer))
        case .failure(let error):
            let place = queue?.folder.keep(rejected: request, error).map { "; the request is kept in \($0)" } ?? ""
            reject(records: request.records, bytes: request.bytes, reason: error.description + place, error: error)
            request.reply?(.failure(error))
        }
        settle(request)
    }

    func reportWaiting(_ error: any Error) {
        refusal = error.isRefusalOfClient ? error : nil
        tellRefusal()
        let reason = "\(error)"
        guard reason != reportedReason else { return }
        reportedReason = reason
        let problem = DeliveryProblem(
            .waiting,
            records: intake.statistics.queued,
            message: refusal == nil ? reason : refused(reason, error as? WireError),
            error: error as? WireError
        )
        reporter.report(problem, level: refusal == nil ? .info : .warning)
    }

    /// Tells those who wait for an answer of what waiting won't change; what they sent stays where it is.
    func tellRefusal() {
        guard let refusal else { return }
        for reply in outbox.items.compactMap(\.reply) + intake.waitingReplies { reply(.failure(refusal)) }
    }

    private func refused(_ reason: String, _ error: WireError?) -> String {
        let place = queue.map { "; what is logged is kept in \($0.folder.path) until it does" } ?? ""
        guard let error else { return "\(reason)\(place)" }
        let role = error.kind == .forbidden ? " to one with the role ingest" : ""
        return
            "the server at \(settings.address) refuses the token (\(error.message)): set HOLDFAST_TOKEN or token:\(role)\(place)"
    }

    /// Makes up for what a server that was restored to an older state has forgotten.
    ///
    /// It may not know the open runs either, of which it would refuse whatever comes. They are started again before that: writes
    /// are applied in the order in which they come, and of a run that is there nothing changes.
    func beginAnew() {
        queue?.save(outbox)
        for (number, start) in openRuns().enumerated() {
            // Answers that are not numbered are of nobody's interest.
            guard let frame = try? Request.encode(start, id: .string("restart-\(number)")) else { continue }
            session?.send(frame)
        }
        let records = outbox.items.reduce(0) { $0 + $1.records }
        let message = "the server no longer knows what it acknowledged; what is still here is sent as a new producer's"
        reporter.report(DeliveryProblem(.serverRestored, records: records, message: message))
    }
}

extension Error {
    /// Whether a server says so of whatever a client sends, before something is changed: its token, or the address.
    var isRefusalOfClient: Bool {
        switch self {
        case let error as WireError: [.unauthorized, .forbidden].contains(error.kind)
        case let error as HoldfastError: [.tls, .protocolViolation].contains(error.code)
        default: false
        }
    }
}

extension Outbox.Answer {
    /// What a server's refusal means for its request.
    fileprivate init(_ error: WireError) {
        if error.kind == .sequenceGap, case .integer(let expected) = error.details["expected"] {
            self = .gap(expected: expected)
        } else {
            self = error.isFinal ? .refused : .postponed
        }
    }
}
