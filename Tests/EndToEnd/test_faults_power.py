"""Power is lost at any moment while a server does everything, and once starts again: what was acknowledged by then is there.

As in test_power_loss, each write since its file's last sync is lost with probability one half; renames are not.
"""

import random

import pytest

from faults import on
from preload import build
from senders import Sender
from server import Server
from workloads import WORKLOADS
from write_log import WriteLog

ROUNDS = 6


class Recorder:
    """A server whose writes are logged, and where in the log which unit was sent and acknowledged."""

    def __init__(self, binary, folder):
        self.log = folder / "writes"
        preload = {"LD_PRELOAD": str(build("write_log", folder)), "WRITE_LOG_ROOT": str(folder / "data")}
        preload["WRITE_LOG"] = str(self.log)
        self.server = Server(binary, folder / "data", "--durability", "full", log=folder / "log", **preload)
        self.senders = [Sender(kind()) for kind in WORKLOADS.values()]
        self.sent, self.acknowledged = [], []

    @property
    def reached(self):
        return self.log.stat().st_size

    def record(self):
        try:
            self.server.start()
            with self.server.connect() as connection:
                for sender in self.senders:
                    sender.workload.prepare(connection)
            self.prepared = self.reached
            self.write()
            self.server.kill()
            self.killed = self.reached
            self.server.start()
            self.started = self.reached
            self.write()
        finally:
            self.server.kill()
        return self

    def write(self):
        with self.server.connect() as connection:
            for _ in range(ROUNDS // 2):
                for sender in self.senders:
                    self.sent.append((self.reached, sender, sender.sent + 1))
                    sender.write(connection)
                    self.acknowledged.append((self.reached, sender, sender.acknowledged))

    def expected(self, sender, reached):
        """How many of a sender's units were acknowledged, and how many sent, when the log was so long."""
        return tuple(
            max((count for at, other, count in events if other is sender and at <= reached), default=0)
            for events in (self.acknowledged, self.sent)
        )


@pytest.fixture(scope="module")
def after_losses(binary, tmp_path_factory, is_long):
    """What was wrong with each subject, or with the start, after power was lost at some of the moments."""
    folder, dice, wrong = tmp_path_factory.mktemp("power"), random.Random(23), {}
    recorder = Recorder(binary, folder).record()
    log = WriteLog.read(recorder.log)
    ends = [operation[5] for operation in log.operations]
    writing = [place for place, end in enumerate(ends, 1) if end > recorder.prepared]
    starting = [place for place in writing if recorder.killed < ends[place - 1] <= recorder.started]
    moments = dice.sample(writing, 150 if is_long else 9) + dice.sample(starting, min(len(starting), 3))
    for moment in moments:
        copy = folder / f"moment-{moment}"
        log.rebuild(moment, copy, random.Random(moment))
        server = Server(binary, copy, log=folder / f"moment-{moment}.log")
        try:
            check(server, recorder, ends[moment - 1], wrong)
        except AssertionError as error:
            error.add_note(f"after operation {moment} of {len(ends)}, {log.operations[moment - 1][:2]}")
            wrong["start-up"] = error
        finally:
            server.clean_up()
    return wrong


def check(server, recorder, reached, wrong):
    server.start()
    with server.connect() as connection:
        for sender in recorder.senders:
            try:
                sender.workload.check(server, connection, *recorder.expected(sender, reached))
            except AssertionError as error:
                error.add_note(f"in {server.data.name}")
                wrong[sender.workload.name] = error
    server.stop()


@pytest.mark.timeout(900)
@on("power lost", *WORKLOADS, "start-up")
def test_what_was_acknowledged_outlives_a_loss_of_power(after_losses, subject):
    if subject in after_losses:
        raise after_losses[subject]
