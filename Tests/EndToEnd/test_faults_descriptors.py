"""Descriptors run out: a crowd at the doors leaves room for files; where none is left, what needs one is refused."""

import contextlib
import itertools
import os
import resource
import signal
import socket
import subprocess

import numpy
import pytest

import splits
from faults import on
from replay import assert_same_arrays, resolve, tiny_step
from senders import BROKEN, Sender
from server import Server, environment
from test_faults_disk import go_on, restarted
from waiting import eventually, pause
from wire import RpcError
from workloads import WORKLOADS, Workload, assert_frames, picture

#: What the server needs at least.
LIMIT = 1024


def limited(binary, folder, soft, hard):
    """A program that runs the binary with so many descriptors."""
    program = folder / "holdfast"
    program.write_text(f'#!/bin/sh\nexec prlimit --nofile={soft}:{hard} "{binary}" "$@"\n')
    program.chmod(0o755)
    return program


# --- A crowd at the doors


@pytest.fixture(scope="module")
def narrow_server(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("narrow")
    server = Server(limited(binary, folder, LIMIT, LIMIT), folder / "data").start()
    try:
        yield server
        server.stop()
    finally:
        server.clean_up()


@contextlib.contextmanager
def crowd(server):
    """As many connections as the server takes at both of its doors, and more that want to come in."""
    with contextlib.ExitStack() as stack:
        taken = 0
        with contextlib.suppress(RpcError, *BROKEN):
            while taken < LIMIT:
                stack.enter_context(server.connect())
                taken += 1
        assert LIMIT // 8 < taken < LIMIT, f"{taken} connections were taken"
        for _ in range(LIMIT // 4):
            stack.enter_context(contextlib.closing(socket.create_connection(server.http)))
        yield


@pytest.fixture(scope="module")
def in_a_crowd(narrow_server):
    """What was wrong with each subject for one who was in before the crowd came."""
    senders, wrong = [Sender(kind()) for kind in WORKLOADS.values()], {}
    with narrow_server.connect() as connection, crowd(narrow_server):
        for sender in senders:
            try:
                sender.workload.prepare(connection)
                sender.write(connection, 3)
                sender.check(narrow_server, connection)
            except AssertionError as error:
                wrong[sender.workload.name] = error
    return wrong


@on("no descriptors", *WORKLOADS)
def test_who_is_in_is_served_whoever_else_comes(in_a_crowd, subject):
    if subject in in_a_crowd:
        raise in_a_crowd[subject]


def test_a_crowd_at_the_door_costs_no_processor_and_leaves_room_when_it_goes(narrow_server):
    # A crowd that was there before may not be gone yet.
    with come_in(narrow_server) as connection, crowd(narrow_server):
        before = processor_seconds(narrow_server.process.pid)
        pause(1)
        used = processor_seconds(narrow_server.process.pid) - before
        assert connection.call("server.ping")
    assert used < 0.5, f"{used} s of a processor in a second of waiting"
    with come_in(narrow_server) as connection:
        assert connection.call("server.ping")


def come_in(server):
    """A connection, as soon as there is room for one more."""

    def attempt():
        with contextlib.suppress(RpcError, *BROKEN):
            return server.connect()

    return eventually(attempt, "there is room for one more")


def processor_seconds(process):
    with open(f"/proc/{process}/stat") as stat:
        user, system = stat.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


# --- None is left


class NewRuns(Workload):
    """A run is started, and gets a step, in turn: its file is made."""

    name = "steps"
    units = 40

    def request(self, number):
        run = f"{self.tag}-{number // 2}"
        if number % 2 == 0:
            return "runs.start", {"run_id": run}
        return "steps.append", {"run_id": run, "steps": [tiny_step(0, run, frame=picture(0))]}

    def check(self, server, connection, least, most):
        listed = connection.call("runs.list", {"limit": 1000})["runs"]
        steps = {run["run_id"]: run["steps"] for run in listed if run["run_id"].startswith(f"{self.tag}-")}
        assert steps.keys() == {f"{self.tag}-{number}" for number in range(len(steps))}, f"runs {steps.keys()}"
        assert (least + 1) // 2 <= len(steps) <= (most + 1) // 2, f"{len(steps)} runs after {least} to {most} units"
        written = [run for run, count in steps.items() if count == 1]
        assert sum(steps.values()) == len(written) and least // 2 <= len(written) <= most // 2, f"steps {steps}"
        for run in written:
            assert_frames(connection, run, 1)


class Pictures(Workload):
    """An image of a size that no other has, and so with a dataset of its own."""

    name = "labels"

    def prepare(self, connection):
        names = (f"{self.tag}/{k}.dcm" for k in itertools.count())
        self.names = list(itertools.islice((name for name in names if splits.at_insert(name) is None), self.units))

    def request(self, number):
        return "images.insert", {"images": [{"filename": self.names[number], "image": self.pixels(number)}]}

    def pixels(self, number):
        return numpy.full((number + 1, 3), number, numpy.uint8)

    def check(self, server, connection, least, most):
        images = connection.call("labels.list", {"text": f"{self.tag}/", "limit": 1000})["images"]
        assert [image["filename"] for image in images] == self.names[: len(images)], "the images, in their order"
        assert least <= len(images) <= most, f"{len(images)} images, not {least} to {most}"
        for number, pixels in enumerate(resolve(connection, [image["frame_ref"] for image in images])):
            assert_same_arrays(pixels, self.pixels(number), f"image {number}")


class Starved:
    """A server that may have no more files open than it has, until the block ends."""

    def __init__(self, server):
        self.server, self.process = server, server.process.pid

    def starve(self):
        """Takes away the numbers that are free, those of files too that it has closed since."""
        taken = {int(name) for name in os.listdir(f"/proc/{self.process}/fd")}
        free = next(number for number in itertools.count() if number not in taken)
        now, _ = resource.prlimit(self.process, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process, resource.RLIMIT_NOFILE, (min(now, free), self.before[1]))

    def is_closed(self):
        """Whether nobody new comes in: a connection is a descriptor, too."""
        self.starve()
        try:
            self.server.request("GET", "/healthz", timeout=0.2)
        except TimeoutError:
            return True
        return False

    def __enter__(self):
        self.before = resource.prlimit(self.process, resource.RLIMIT_NOFILE)
        self.starve()
        return self

    def __exit__(self, *_):
        if self.server.process.poll() is None:
            resource.prlimit(self.process, resource.RLIMIT_NOFILE, self.before)


#: What needs a file that is not open after a start; the others need the database only, which is.
NEED_FILES = ("steps", "labels", "variables", "seal", "backup")


@pytest.fixture(scope="module")
def starved_server(binary, tmp_path_factory):
    server = Server(binary, tmp_path_factory.mktemp("starved") / "data").start()
    try:
        yield server
        server.stop()
    finally:
        server.clean_up()


@on("no descriptors", *WORKLOADS)
def test_what_needs_a_file_is_refused_while_none_can_be_opened(starved_server, subject):
    sender = Sender((WORKLOADS | {"steps": NewRuns, "labels": Pictures})[subject]())
    with starved_server.connect() as connection:
        sender.workload.prepare(connection)
        sender.write(connection, 2)
    restarted(starved_server)
    with starved_server.connect() as connection:
        with Starved(starved_server) as starved:
            eventually(starved.is_closed, "no descriptor is left")
            refused = units_refused(starved, sender, connection)
        if starved_server.process.poll() is None:
            assert bool(refused) == (subject in NEED_FILES), f"refused: {refused}"
            sender.check(starved_server, connection)
            sender.resend(connection)
            assert starved_server.get("/healthz")[0] == 200, "the door is open again"
    if starved_server.process.poll() is not None:
        starved_server.process.stdout.close()
        starved_server.start()
    go_on(starved_server, sender)


def test_who_waits_at_a_door_for_a_descriptor_costs_no_processor(starved_server):
    pid = starved_server.process.pid
    with starved_server.connect() as connection, contextlib.ExitStack() as stack:
        with Starved(starved_server) as starved:
            eventually(starved.is_closed, "no descriptor is left")
            # Some find a number that was given back in the meantime.
            for address in (starved_server.tcp, starved_server.http) * 5:
                stack.enter_context(contextlib.closing(socket.create_connection(address)))
            before = processor_seconds(pid)
            pause(1)
            assert processor_seconds(pid) - before < 0.5
            assert connection.call("server.ping")
        with come_in(starved_server) as late:
            assert late.call("server.ping")


def units_refused(starved, sender, connection):
    """What the next units are refused with; one that was is asked for again."""
    said = []
    try:
        for _ in range(3):
            starved.starve()
            try:
                if said:
                    connection.call(*sender.request(sender.acknowledged))
                else:
                    sender.write(connection)
            except RpcError as error:
                assert error.kind == "internal" and not error.final, f"it is no fault of the request: {error}"
                assert "open" in error.message, f"the message says what failed: {error}"
                said.append(error.message)
    except BROKEN:
        # libdispatch, which now and then looks at the process's threads in /proc, ends one that can't.
        assert starved.server.process.wait(10) == -signal.SIGILL
    return said


# --- At the start


@pytest.mark.fault("no descriptors", "start-up")
def test_a_start_with_too_few_descriptors_says_so(binary, tmp_path):
    command = ["prlimit", "--nofile=20", binary, "serve", "--data", tmp_path / "data"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environment())
    assert refused.returncode == 1 and refused.stdout == "" and "ulimit -n" in refused.stderr, str(refused)


@pytest.mark.fault("no descriptors", "start-up")
def test_a_start_takes_all_the_descriptors_that_it_may_have(binary, tmp_path):
    server = Server(limited(binary, tmp_path, 128, 4096), tmp_path / "data").start()
    try:
        assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (4096, 4096)
        server.stop()
    finally:
        server.clean_up()
