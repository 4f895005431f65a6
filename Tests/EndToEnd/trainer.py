"""Runs training processes that log the numbers from 0 on, and finds out which of them the server has."""

import collections
import contextlib
import os
import pathlib
import re
import signal
import sqlite3
import struct
import subprocess

from server import environment
from waiting import eventually


class Trainer:
    """One process of the test tool `Trainer`, which lies beside the binary under test."""

    def __init__(self, binary, address, spool, *arguments, name="n", run="run", **variables):
        self.name, self.run, self.spool = name, run, pathlib.Path(spool)
        self.spool.mkdir(exist_ok=True)
        self.progress = self.spool.parent / f"{self.spool.name}-{name}.progress"
        self.log = self.spool.parent / f"{self.spool.name}-{name}.log"
        command = [tool(binary), "--server", text(address), "--spool", self.spool, "--run", run, "--name", name]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [*command, "--progress", self.progress, *map(str, arguments)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(**variables),
                start_new_session=True,
            )

    def logged(self, slot=0):
        """How many numbers the process, or a child of it, has logged."""
        try:
            data = self.progress.read_bytes()[8 * slot : 8 * slot + 8]
        except FileNotFoundError:
            return 0
        return struct.unpack("<q", data)[0] if len(data) == 8 else 0

    def wait_until_logged(self, count, slot=0, within=20):
        eventually(lambda: self.logged(slot) >= count or self.check(), f"{count} numbers are logged", within, 0.001)

    def wait_until_blocked(self, within=20):
        """Until nothing was logged for a moment."""
        before = None

        def rests():
            nonlocal before
            before, last = self.logged(), before
            return before == last

        eventually(rests, "the trainer waits", within, 0.3)

    def check(self):
        """Fails when the process has ended by itself."""
        assert self.process.poll() in (None, 0), f"the trainer ended with {self.process.returncode}\n{self.messages()}"

    def says(self, pattern, within=20):
        """The first match in what it has printed."""
        return eventually(lambda: re.search(pattern, self.messages(), re.M), f"{pattern} in {self.log}", within)

    def messages(self):
        return self.log.read_text(errors="replace")[-4000:]

    def resume(self):
        """Lets it go on from a pause."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()
        return self.logged()

    def kill_children(self):
        """Also those whose parent is dead already: they are what else is in its group."""
        for child in self._group():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        eventually(lambda: not self._group(), "the children have ended")

    def _group(self):
        """The living processes of its group without itself."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, _, group = path.read_text().rpartition(")")[2].split()[:3]
                if int(group) == self.process.pid and state not in "ZX":
                    found.append(int(path.parent.name))
        return [process for process in found if process != self.process.pid]

    def end(self, number=signal.SIGTERM, within=20):
        """Sends it and its children a signal, as a terminal or a batch system does; returns the code it ends with."""
        os.killpg(self.process.pid, number)
        return self.process.wait(within)

    def finish(self, within=60):
        """Waits for its end, which must be a good one; returns what it says of itself."""
        code = self.process.wait(within)
        assert code == 0, f"the trainer ended with {code}\n{self.messages()}"
        unsent, dropped, rejected = map(int, self.says(r"^closed (\d+) (\d+) (\d+)$").groups())
        return {"unsent": unsent, "dropped": dropped, "rejected": rejected}

    def children(self):
        """Their process ids."""
        lists = pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(id) for list in lists for id in list.read_text().split()]

    @property
    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1024

    def clean_up(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()


def has_ended(process):
    """Whether a process, of which this is not the parent, holds nothing any more."""
    try:
        status = pathlib.Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return True
    return status.rpartition(")")[2].split()[0] in "ZX"


def text(address):
    """An address as programs are given it; one that is text already stays as it is."""
    return address if isinstance(address, str) else "{}:{}".format(*address)


def tool(binary):
    return os.path.join(os.path.dirname(binary), "Trainer")


def sync(binary, spool, address, deadline=60, code=0, is_poisoned=False, **variables):
    """`holdfast sync`, to each spool's own server where no address is given; returns what it printed. Of a poisoned trainer's
    records some may be left, and are refused."""
    to = [] if address is None else ["--server", text(address)]
    done = subprocess.run(
        [binary, "sync", spool, *to, "--deadline", str(deadline)],
        capture_output=True,
        text=True,
        timeout=deadline + 30,
        env=environment(**variables),
    )
    output = done.stdout + done.stderr
    if is_poisoned and " refused" in done.stdout:
        code = 1
    assert code is None or done.returncode == code, f"sync ended with {done.returncode}: {output}"
    return output


def left(spool):
    """The spools that are still in a folder."""
    return sorted(path.name for path in pathlib.Path(spool).iterdir() if re.fullmatch(r"[0-9a-f-]{36}", path.name))


def fill(path):
    """Writes a file until its disk has no room."""
    with contextlib.suppress(OSError), open(path, "ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))


def stored_metrics(server, name, run="run"):
    """How often the server has each number."""
    query = "SELECT step, count(*) FROM training_metrics WHERE run_id = ? AND metric_name = ? GROUP BY step"
    return _count(server, query, run, name)


def stored_steps(server, name, run="run"):
    query = "SELECT step_index, count(*) FROM steps WHERE run_id = ? AND episode_id = ? GROUP BY step_index"
    return _count(server, query, run, name)


def _count(server, query, *arguments):
    connection = sqlite3.connect(f"file:{server.database}?mode=ro", uri=True, timeout=30)
    try:
        return collections.Counter(dict(connection.execute(query, arguments).fetchall()))
    finally:
        connection.close()


def assert_exactly_once(stored, logged, what="", spare=1):
    """All that was logged is stored once. A process that is killed may have logged `spare` more than it said."""
    lost = [number for number in range(logged) if number not in stored]
    doubled = [number for number, count in stored.items() if count > 1]
    invented = [number for number in stored if not 0 <= number < logged + spare]
    assert not lost, f"{what}: {len(lost)} of {logged} are lost, such as {lost[:5]} to {lost[-5:]}"
    assert not doubled, f"{what}: {len(doubled)} of {logged} are doubled, such as {doubled[:5]}"
    assert not invented, f"{what}: {invented[:5]} were never logged, only {logged} were"
