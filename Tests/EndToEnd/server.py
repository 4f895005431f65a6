"""Runs the server under test and talks HTTP to it."""

import http.client
import json
import os
import re
import select
import signal
import subprocess
import time

from waiting import eventually
from wire import Connection, RpcError, decode, encode

_CRASH = re.compile(
    r"Fatal error|Crash:|crashed at|Sanitizer|Precondition failed|Assertion failed|infinite loop closing library"
)


def environment(**extra):
    """This process's environment without the server's own variables."""
    return {key: value for key, value in os.environ.items() if not key.startswith("HOLDFAST_")} | extra


class Server:
    """One server process on a data directory, on free ports; with a certificate both doors speak TLS."""

    def __init__(self, binary, data, *arguments, log=None, token=None, certificate=None, **variables):
        self.binary, self.data, self.certificate = binary, data, certificate
        self.arguments = (*arguments, *(certificate.arguments if certificate else ()))
        self.token, self.variables = token, variables
        self.log = log or data.parent / f"{data.name}.log"
        self.process = None

    def launch(self):
        """Starts the process, without waiting for its doors to open."""
        command = [self.binary, "serve", "--data", self.data, "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(**self.variables),
            )

    def start(self, within=60):
        self.launch()
        return self.await_ready(within)

    def refused_start(self, within=30):
        """Starts a server that must end by itself: its code, and the last line that it says."""
        self.launch()
        code = self.process.wait(within)
        said = self.process.stdout.read()
        self.process.stdout.close()
        assert said == b"", f"a server that does not serve is not ready: {said[:500]}"
        self._no_crash()
        return code, self.messages().splitlines()[-1]

    def await_ready(self, within=60):
        """Waits until its doors are open."""
        self.ready = json.loads(self._first_line(within))
        assert self.ready["ready"] is True and {"tcp", "http", "data"} <= self.ready.keys(), f"ready line: {self.ready}"
        self.tcp, self.http = _address(self.ready["tcp"]), _address(self.ready["http"])
        return self

    def stop(self, within=10):
        """Ends the server as an operator does and checks that it went well."""
        self.check()
        self.process.send_signal(signal.SIGTERM)
        code = self._ended(within)
        rest = self.process.stdout.read()
        self.process.stdout.close()
        assert code == 0, f"SIGTERM must end the server with code 0, it was {code}\n{self.messages()}"
        assert rest == b"", f"exactly one line belongs on standard output, then came {rest[:500]}"
        self._no_crash()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def check(self):
        """Fails when the server has ended or has said that it crashed."""
        code = self.process.poll()
        assert code is None, f"the server ended with code {code}\n{self.messages()}"
        self._no_crash()

    def clean_up(self):
        """Leaves no process behind, whatever happened to the test."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def messages(self):
        return self.log.read_text(errors="replace")[-6000:]

    @property
    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) / 1024

    @property
    def database(self):
        return self.data / "telemetry" / "telemetry.sqlite"

    def run_file(self, run_id):
        return self.data / "replay" / f"{run_id}.h5"

    @property
    def context(self):
        """How a client trusts it; None without TLS."""
        return self.certificate.authority.context if self.certificate else None

    def connect(self, **options):
        return Connection(self.tcp, **({"token": self.token, "context": self.context} | options))

    def request(self, verb, path, body=None, headers=None, timeout=30):
        """One HTTP request: status, headers with lower-case names, body."""
        if self.certificate:
            connection = http.client.HTTPSConnection(*self.http, timeout=timeout, context=self.context)
        else:
            connection = http.client.HTTPConnection(*self.http, timeout=timeout)
        connection.request(verb, path, body, headers or {})
        response = connection.getresponse()
        answer = response.status, {key.lower(): value for key, value in response.getheaders()}, response.read()
        connection.close()
        return answer

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, method, params=None):
        """A JSON-RPC call over HTTP, arrays as base64."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": encode(params or {}, None)}
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        status, _, content = self.request("POST", "/rpc", json.dumps(body), headers)
        assert status == 200, f"POST /rpc answers JSON-RPC calls with 200, it was {status}: {content[:500]}"
        answer = json.loads(content)
        if "error" in answer:
            raise RpcError(answer["error"])
        return decode(answer["result"])

    def _first_line(self, within):
        deadline, line = time.monotonic() + within, b""
        while not line.endswith(b"\n"):
            readable, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 4096) if readable else b""
            if not data:
                self.clean_up()
                raise AssertionError(f"the server must print its ready line within {within} s\n{self.messages()}")
            line += data
        assert line.count(b"\n") == 1, f"exactly one ready line, got {line}"
        return line

    def _ended(self, within):
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"SIGTERM must end the server within {within} s\n{self.messages()}") from None

    def _no_crash(self):
        found = _CRASH.search(self.log.read_text(errors="replace"))
        assert not found, f"the server's log speaks of a crash: {found[0]}\n{self.messages()}"


def without_privilege(binary, folder):
    """A program that runs the binary as any user who may read and write the test's folders."""
    program = folder / "holdfast"
    # Root without a capability is like any other user here, and may still read the test's folders.
    drop = "setpriv --bounding-set=-all" if os.geteuid() == 0 else ""
    program.write_text(f'#!/bin/sh\nexec {drop} "{binary}" "$@"\n')
    program.chmod(0o755)
    return program


def _address(text):
    host, _, port = text.rpartition("://")[2].rpartition(":")
    return host.strip("[]"), int(port)


def wait_until_answers(server):
    """The server answers a ping on a fresh connection."""

    def answers():
        with server.connect() as connection:
            connection.call("server.ping")
        return True

    eventually(answers, "the server answers server.ping")
