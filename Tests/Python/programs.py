"""A training program in a process of its own, that can be killed."""

import os
import select
import subprocess
import sys
import textwrap
import time

PRELUDE = """
import os, sys, time
import holdfast
options = holdfast.Options(resource_interval=None, longest_retry_delay=0.3, start_timeout=1.0)
def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())
"""


def environment(client, **variables):
    """This process's environment with the client to be tested."""
    return {**os.environ, "PYTHONPATH": str(client), "PYTHONWARNINGS": "ignore", **variables}


class Trainer:
    """A program; what it says is read line by line."""

    def __init__(self, source, folder, client, variables):
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(source)],
            cwd=folder,
            env=environment(client, HOLDFAST_SPOOL=str(folder / "spool"), **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._rest = b""

    def line(self, within=30.0):
        """What it says next; None at its end."""
        deadline = time.monotonic() + within
        while b"\n" not in self._rest:
            readable, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert readable, f"the trainer said nothing within {within} s"
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                return None
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def last_line(self):
        """The last whole line of all that it said, once it has ended."""
        self._rest += self.process.stdout.read()
        lines = self._rest.decode().split("\n")[:-1]
        return lines[-1] if lines else None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def wait(self, within=30.0):
        """Its exit code."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the trainer did not end within {within} s") from None

    def errors(self):
        return self.process.stderr.read().decode()

    def clean_up(self):
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
