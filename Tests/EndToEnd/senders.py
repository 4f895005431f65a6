"""Sends a workload's units over connections that may break, and knows what of them was sent and what was acknowledged."""

import collections
import contextlib
import multiprocessing
import uuid

from waiting import eventually, pause
from wire import Closed, RpcError, request

#: A child that is forked, and not started anew, has the workload as it is and begins at once.
_processes = multiprocessing.get_context("fork")

#: How a connection ends that the other side has ended.
BROKEN = (Closed, BrokenPipeError, ConnectionResetError)


class Sender:
    """One producer of a workload's units, in their order."""

    def __init__(self, workload):
        self.workload, self.producer = workload, str(uuid.uuid4())
        self.sent = self.acknowledged = 0
        self.waiting = collections.deque()

    @property
    def left(self):
        """How many units have not been sent."""
        return self.workload.units - self.sent

    def request(self, number):
        method, params = self.workload.request(number)
        return method, params | ({"producer": self.producer, "seq": number + 1} if self.workload.is_numbered else {})

    def message(self, number):
        """A unit's request as bytes."""
        return request(*self.request(number), id=1_000_000 + number)

    def send(self, connection, count=1):
        """Sends the next units without waiting."""
        assert count <= self.left, f"{self.workload.name} has only {self.left} units left"
        for _ in range(count):
            self.sent += 1
            self.waiting.append(connection.send(*self.request(self.sent - 1)))

    def take(self, connection):
        """The answer to the oldest unit that has none."""
        result = connection.wait(self.waiting.popleft())
        self.acknowledged += 1
        return result

    def write(self, connection, count=1):
        """Sends the next units and waits for all that were sent."""
        self.send(connection, count)
        while self.waiting:
            self.take(connection)

    def resend(self, connection):
        """After a break: sends again what was not acknowledged, and waits for it."""
        for number in range(self.acknowledged, self.sent):
            eventually(lambda: self._is_done(connection, number), f"unit {number} of {self.workload.name} is done", every=0.05)
            self.acknowledged += 1
        self.waiting.clear()

    def _is_done(self, connection, number):
        try:
            connection.call(*self.request(number))
        except RpcError as refused:
            # A backup has no number; its name tells that it was made.
            if refused.kind == "backup_exists":
                return True
            if refused.final:
                raise
            return False
        return True

    def send_until_the_end(self, connection, count, window=4):
        """Sends at most `count` units, a few at a time, until all are acknowledged and the connection is broken."""
        last = min(self.workload.units, self.sent + count)
        with connection, contextlib.suppress(*BROKEN):
            while True:
                while self.sent < last and len(self.waiting) < window:
                    self.send(connection)
                if self.waiting:
                    self.take(connection)
                else:
                    connection.receive()
        self.waiting.clear()

    def check(self, server, connection):
        """All that was acknowledged is there, and nothing that was not sent."""
        self.workload.check(server, connection, self.acknowledged, self.sent)


class SenderProcess:
    """A process of its own that sends a sender's units; what it has been told is known here when it is killed."""

    def __init__(self, sender, server):
        self.sender, self.acknowledged = sender, _processes.Value("q", 0)
        self.process = _processes.Process(target=self._run, args=(server,), daemon=True)
        self.process.start()

    def _run(self, server):
        with server.connect() as connection:
            while self.sender.left:
                while self.sender.left and len(self.sender.waiting) < 3:
                    self.sender.send(connection)
                self.sender.take(connection)
                self.acknowledged.value = self.sender.acknowledged
            while True:
                pause(60)

    def kill(self):
        """Ends it without a chance to say so; anything may have been sent."""
        self.process.kill()
        self.process.join()
        self.sender.acknowledged = self.acknowledged.value
        self.sender.sent = min(self.sender.workload.units, self.sender.acknowledged + 3)
