import Logging
import NIOCore
import Wire

extension Sender {
    func connect() {
        // The events of a session that was given up must not reach its successor's requests.
        var isCurrent: () -> Bool = { true }
        let session = Session(on: loop, settings: settings, producer: outbox.producer) { event in
            if isCurrent() { self.handle(event) }
        }
        isCurrent = { [weak session] in self.session === session }
        link = .connecting(session)
        attempt = session.connect()
    }

    private func handle(_ event: Session.Event) {
        switch event {
        case .ready(let hello): connected(hello)
        case .response(let response): answered(response)
        case .closed(let error): disconnected(error)
        }
    }

    private func connected(_ hello: Hello.Result) {
        guard case .connecting(let session) = link else { return }
        if hasConnected { intake.count { $0.reconnects += 1 } }
        hasConnected = true
        // Whoever is let in may still lack a role.
        if (refusal as? WireError)?.kind != .forbidden { refusal = nil }
        link = .up(session, hello.limits)
        let serverLastSeq = hello.producer?.lastSeq ?? 0
        if outbox.items.allSatisfy({ $0.fits(hello.limits) }) {
            if outbox.connected(serverLastSeq: serverLastSeq, makingProducer: Producer.make) { beginAnew() }
        } else {
            fit(into: hello.limits, serverLastSeq: serverLastSeq)
        }
        look()
    }

    /// The server accepts less than it did when requests were numbered.
    private func fit(into limits: FrameLimits, serverLastSeq: Int64) {
        let (known, lost) = outbox.discard(
            serverLastSeq: serverLastSeq,
            fits: { $0.fits(limits) },
            makingProducer: Producer.make
        )
        for request in known { finish(request, .success(.init(result: ByteBuffer(string: "{}"), attachments: []))) }
        let error = WireError(.invalidRequest, "larger than the server accepts since it was restarted")
        for request in lost { finish(request, .failure(error)) }
        _ = outbox.connected(serverLastSeq: 0, makingProducer: Producer.make)
        queue?.save(outbox)
    }

    private func disconnected(_ error: any Error) {
        outbox.disconnected()
        resumption?.cancel()
        deathTimer?.cancel()
        deathTimer = nil
        link = .down
        options.logger.debug("disconnected", metadata: ["error": "\(error)"])
        guard (try? queue?.hasNext()) ?? false || !outbox.isEmpty else { return }
        reportWaiting(error)
        link = .waiting(loop.scheduleTask(in: nextDelay()) { self.retry() })
    }

    private func retry() {
        link = .down
        look()
    }

    func nextDelay() -> TimeAmount { TimeAmount(delays.next() ?? options.longestRetryDelay) }

    /// Gives a connection up on which nothing has moved for too long while an answer is due.
    func watch(_ session: Session) {
        guard deathTimer == nil, outbox.isAwaitingAnswer else { return }
        deathTimer = loop.scheduleTask(deadline: session.lastProgress + options.requestTimeout) {
            self.deathTimer = nil
            guard self.outbox.isAwaitingAnswer else { return }
            if session.lastProgress + self.options.requestTimeout <= self.loop.now {
                session.closeAsDead()
            } else {
                self.watch(session)
            }
        }
    }
}
