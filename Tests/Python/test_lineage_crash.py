"""kill -9 of servers and workers while these compute: nothing committed is lost, nothing is committed twice."""

import contextlib
import multiprocessing
import os
import random
import signal

import pytest

import holdfast
from holdfast.lineage import BaseVariable, leases, thunk, use
from waiting import pause

JOBS = 6
WORKERS = 3


class Result(BaseVariable):
    pass


@thunk(version="1", reason="gives something else each time, so that a second commit would show")
def computed(job):
    return {"job": job, "by": os.getpid(), "drawn": random.SystemRandom().random()}


def work(address, jobs, log):
    """Does the jobs in an order of its own, and writes down what the server has acknowledged."""
    leases.TTL = 1.0
    random.seed(os.getpid())
    with contextlib.suppress(holdfast.HoldfastError), holdfast.Client(address, timeout=5) as client, open(log, "a") as done:
        use(client)
        for job in random.sample(jobs, len(jobs)):
            while True:
                try:
                    saved = Result.save(computed(job), job=job)
                    break
                except holdfast.ServerError as error:
                    # Whoever was too slow has lost it to another, and loads what that one saved.
                    if error.kind != "lease_lost":
                        raise
            done.write(f"{job} {saved.record_id}\n")
            done.flush()


def begin(address, jobs, log):
    workers = [multiprocessing.get_context("fork").Process(target=work, args=(address, jobs, log)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    return workers


def end(workers):
    for worker in workers:
        worker.join(60)
        assert worker.exitcode in (0, -signal.SIGKILL), f"a worker ended with {worker.exitcode}"


@pytest.mark.timeout(3600)
def test_kills_at_any_moment_lose_nothing_and_commit_nothing_twice(make_server, tmp_path, is_long):
    server, log = make_server(), tmp_path / "done"
    chance = random.Random(7)
    for number in range(120 if is_long else 4):
        jobs = [number * JOBS + k for k in range(JOBS)]
        workers = begin(server.ready["tcp"], jobs, log)
        pause(chance.uniform(0, 0.4))
        victim = chance.choice(["server", "worker", "both"]) if number > 1 else ["server", "worker"][number]
        if victim != "server":
            workers[0].kill()
        if victim != "worker":
            server.kill()
        end(workers)
        if victim != "worker":
            server.start()
        end(begin(server.ready["tcp"], jobs, log))
        with holdfast.Client(server.ready["tcp"]) as client:
            for job in jobs:
                records = {version["record_id"] for version in client.variables.versions("Result", {"job": job})}
                assert len(records) == 1, f"round {number}, job {job}: {records}"
                assert client.variables.load("Result", {"job": job})["value"]["json"]["job"] == job
    with holdfast.Client(server.ready["tcp"]) as client:
        for line in log.read_text().splitlines():
            job, record = line.split()
            assert client.variables.load("Result", {"job": int(job)})["record_id"] == record
