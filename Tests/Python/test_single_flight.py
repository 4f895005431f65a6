"""Of all threads and processes that call a thunk with the same arguments, one computes."""

import os
import signal
import subprocess
import sys
import threading
import weakref

import numpy
import pytest

import holdfast
from conftest import CLIENT
from holdfast.lineage import BaseVariable, leases, thunk, use
from programs import environment
from waiting import eventually


class Source(BaseVariable):
    pass


class Sum(BaseVariable):
    pass


@thunk
def summed(signal, gain=1):
    return sys.holdfast_work(signal) * gain


@pytest.fixture
def work(client, monkeypatch):
    """Sets what the thunk does; the client is the default one."""
    use(client)
    yield lambda function: monkeypatch.setattr(sys, "holdfast_work", function, raising=False)
    use(None)


def all_of(count, body):
    """Runs a body in threads that begin together; what they returned."""
    start, results = threading.Barrier(count), []

    def run():
        start.wait()
        results.append(body())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == count
    return results


def test_of_a_hundred_threads_one_computes(work):
    ran = []
    work(lambda signal: ran.append(1) or float(signal.sum()))
    source = Source.save(numpy.arange(5.0), subject=1)
    saved = all_of(100, lambda: Sum.save(summed(source), subject=1).record_id)
    assert len(ran) == 1 and len(set(saved)) == 1


PROGRAM = """
import os, sys, numpy
from holdfast.lineage import BaseVariable, leases, thunk

leases.TTL = float(os.environ.get("TTL", "30"))

class Source(BaseVariable): pass
class Sum(BaseVariable): pass

@thunk(version="1", reason="counts its calls")
def summed(signal):
    with open(os.environ["RAN"], "a") as file:
        file.write("x")
    if "STUCK" in os.environ:
        print("stuck", flush=True)
        sys.stdin.read()
    return float(signal.sum())

print(Sum.save(summed(Source.load(subject=1)), subject=1).record_id)
"""


@pytest.fixture
def start(tmp_path, address):
    """Starts processes that want the same sum."""
    (tmp_path / "main.py").write_text(PROGRAM)
    processes = []

    def begin(**variables):
        known = {"HOLDFAST_SERVER": address, "RAN": str(tmp_path / "ran")}
        process = subprocess.Popen(
            [sys.executable, "main.py"],
            cwd=tmp_path,
            env=environment(CLIENT, **known, **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def outcome(process):
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return out.strip()


def test_of_several_processes_one_computes(work, start, tmp_path):
    Source.save(numpy.arange(5.0), subject=1)
    processes = [start() for _ in range(8)]
    assert len({outcome(process) for process in processes}) == 1
    assert (tmp_path / "ran").read_text() == "x"


def test_when_a_process_is_killed_another_computes_after_its_lease(work, start, tmp_path):
    Source.save(numpy.arange(5.0), subject=1)
    stuck = start(STUCK="1", TTL="1")
    assert stuck.stdout.readline() == "stuck\n"
    other = start()
    stuck.send_signal(signal.SIGKILL)
    assert len(outcome(other)) == 16
    assert (tmp_path / "ran").read_text() == "xx"


def test_a_process_that_was_stopped_for_too_long_commits_nothing(work, start, client, tmp_path):
    Source.save(numpy.arange(5.0), subject=1)
    stuck = start(STUCK="1", TTL="1")
    assert stuck.stdout.readline() == "stuck\n"
    os.kill(stuck.pid, signal.SIGSTOP)
    outcome(start())
    os.kill(stuck.pid, signal.SIGCONT)
    _, error = stuck.communicate(timeout=120)
    assert stuck.returncode == 1 and "lease_lost" in error
    assert len(list(client.variables.versions("Sum"))) == 1, "the other one's"


def test_a_lease_is_prolonged_while_it_is_computed(work, client, monkeypatch):
    monkeypatch.setattr(leases, "TTL", 0.3)
    hashes = summed.invocation((numpy.arange(3.0),), {}).hashes

    def slow(signal):
        ends = set()
        eventually(lambda: ends.add(asked()["expires_at"]) or len(ends) > 3, "it is renewed three times")
        return float(signal.sum())

    def asked():
        answer = client.lineage.claim(hashes, "another")
        assert answer["status"] == "busy"
        return answer

    work(slow)
    Sum.save(summed(numpy.arange(3.0)))


def test_what_fails_or_is_never_saved_keeps_nobody_waiting(work, client):
    hashes = summed.invocation((numpy.arange(3.0),), {}).hashes

    def is_free():
        answer = client.lineage.claim(hashes, "another", ttl_ms=60_000)
        if answer["status"] == "claimed":
            client.lineage.release(answer["token"])
        return answer["status"] == "claimed"

    def fail(signal):
        assert not is_free()
        raise ValueError("no")

    work(fail)
    with pytest.raises(ValueError):
        summed(numpy.arange(3.0))
    eventually(is_free, "the lease is given back after an error")
    work(lambda signal: float(signal.sum()))
    output = summed(numpy.arange(3.0))
    assert not is_free()
    gone = weakref.ref(output)
    del output
    assert gone() is None
    eventually(is_free, "the lease is given back when the output is gone")


def test_a_thread_that_computes_the_same_twice_does_not_wait_for_itself(work):
    work(lambda signal: float(signal.sum()))
    first, second = summed(numpy.arange(3.0)), summed(numpy.arange(3.0))
    assert not second.was_hit
    for place, output in enumerate((first, second)):
        Sum.save(output, place=place)


def test_a_lost_lease_is_an_error_that_says_so(work, client, monkeypatch):
    monkeypatch.setattr(leases, "TTL", 0.001)
    work(lambda signal: float(signal.sum()))
    output = summed(numpy.arange(3.0))
    taken = eventually(lambda: client.lineage.claim([output.lineage_hash], "another").get("token"), "the lease ends")
    with pytest.raises(holdfast.ServerError, match="lease_lost"):
        Sum.save(output)
    client.lineage.release(taken)
    Sum.save(summed(numpy.arange(3.0)))


def test_a_new_thread_does_not_take_what_one_that_ended_has_computed(work):
    ran, outputs = [], []
    work(lambda signal: ran.append(1) or float(signal.sum()))
    source = Source.save(numpy.arange(5.0), subject=1)
    first = threading.Thread(target=lambda: outputs.append(summed(source)))
    first.start()
    first.join()
    second = threading.Thread(target=lambda: outputs.append(summed(source)))
    second.start()
    Sum.save(outputs[0], subject=1)
    second.join()
    assert len(ran) == 1 and outputs[1].was_hit
