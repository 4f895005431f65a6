"""Either client sends what the other has left, also what was on its way."""

import math
import os
import signal
import subprocess
import warnings
from pathlib import Path

import numpy
import pytest

import holdfast
from holdfast.spool.records import ResourceRecord
from holdfast.spool.state import peek
from holdfast.wire.array import DTYPES
from spools import assert_all, metric_steps, step_indices, sync_by_python, sync_by_swift
from waiting import eventually, pause


@pytest.fixture
def cart_pole(binary):
    """The Swift SDK's example, where it was built beside the server."""
    path = Path(binary).parent / "CartPole"
    if not path.exists():
        pytest.skip(f"there is no {path}")
    return path


def left_folder(spool):
    (folder,) = [path for path in spool.iterdir() if len(path.name) == 36]
    return str(folder)


def test_requests_on_their_way_are_resumed_by_swift(binary, server, client, address, spool, make_trainer):
    trainer = make_trainer(
        """
        import signal
        import numpy
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        other = holdfast.Run("r2", run._delivery, None)
        run.client.runs.start("r2")
        run.client.close()
        for step in range(350):
            run.log({"loss": step}, step=step, phase="trän")
            frame = numpy.full((50 + step // 100, 60), step % 256, numpy.uint8)
            run.log_step("r/ö", step, reward=1.0, action=step, frame=frame)
            seen = {"a": numpy.float32(step)}
            other.log_step("r2/0", step, reward=1.0, observation=seen, info={"lives": [1.0, None]})
            other.log({"loss": 1}, epoch=step)
            if step == 200:
                run.flush()
                say("flushed")
                sys.stdin.readline()
        say("logged")
        time.sleep(60)
        """,
        SERVER=address,
    )
    assert trainer.line() == "flushed"
    server.process.send_signal(signal.SIGSTOP)
    trainer.process.stdin.write(b"\n")
    trainer.process.stdin.flush()
    assert trainer.line() == "logged"
    eventually(lambda: peek(left_folder(spool)).cuts, "requests are on their way")
    pause(0.1)
    trainer.kill()
    state = peek(left_folder(spool))
    assert state.cuts and state.next_seq > state.cuts[0].first_seq
    server.process.send_signal(signal.SIGCONT)
    done = sync_by_swift(binary)(spool, address)
    assert done.returncode == 1 and "shape_mismatch" in done.stderr, done
    assert metric_steps(client, "r") == step_indices(client, "r2/0") == list(range(350))
    assert step_indices(client, "r/ö") == list(range(100)), "frames of another shape are refused"
    assert client.metrics.summary("r2")["training_metrics_count"] == 350


def test_a_spool_that_swift_left_on_its_way_is_resumed(cart_pole, server, client, address, spool):
    environment = {**os.environ, "HOLDFAST_SPOOL": str(spool)}
    command = [cart_pole, "--server", address, "--run", "swift", "--episodes", "100000"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _exists(client) and len(list(client.episodes.all("swift"))) > 5, "it trains")
        server.process.send_signal(signal.SIGSTOP)
        eventually(lambda: peek(left_folder(spool)).cuts, "requests are on their way")
        pause(0.2)
    finally:
        process.kill()
        process.wait()
        server.process.send_signal(signal.SIGCONT)
    done = sync_by_python(spool, address)
    assert done.returncode == 0 and done.stdout.startswith("sent ") and "refused" not in done.stdout, (done.stdout, done.stderr)
    episodes = list(client.episodes.all("swift"))
    assert len(episodes) > 5
    for episode in episodes:
        found = step_indices(client, episode["episode_id"])
        assert_all(found, len(found) - 1, episode["episode_id"])
    lengths = [episode["steps"] for episode in episodes]
    assert sum(lengths) == client.runs.get("swift")["steps"]


def _exists(client):
    try:
        client.runs.get("swift")
    except holdfast.ServerError:
        return False
    return True


@pytest.mark.parametrize("by", ["python", "swift"])
def test_whatever_python_logs_both_clients_read(by, binary, spool, make_server, quick):
    """Every kind of record with everything that is unusual in it, kept without a server."""
    numbers = [1e300, -0.0, 1e-7, 2**63, 10**400, math.nan, True]
    odd = {"": None, "ö\0\n\"\\/": numbers, "deep": [[[{"a": {}}]]], "big": 2**62}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = holdfast.init("odd", odd, ["ä", ""], "127.0.0.1:1", options=quick, agent_id="a", compression="gzip-4")
    values = {"": 1.0, "ö\n": math.nan, "x" * 300: -math.inf}
    run.log(values, step=-(2**63), phase="")
    run.log(values, round=2**63 - 1, epoch=0, phase="\0")
    run.log_data_generation_complete(run.log_data_generation_start("ö", chunk=1), samples=2**40, memory_mb=3.5)
    run._intake.add(ResourceRecord("odd", "cpu", "ö", math.nan, "", "", -1, 1.5), "block")
    arrays = {name: numpy.ones((2, 0, 3), name) for name in DTYPES} | {f"{name}_": numpy.ones((), name) for name in DTYPES}
    run.log_step("odd/ö", 0, reward=math.inf, action=True, observation=arrays, info=odd)
    run.log_step("odd/1", 2**62, reward=-0.0, action=-(2**31), observation={}, frame=numpy.ones((3, 2), bool), timestamp=0)
    run.log_step("odd/1", 1, reward=1, action=numpy.float32(0.5))
    run.log_step("odd/1", 2, reward=1, action=numpy.ones((2, 2)), observation=numpy.array([True, False]).view(numpy.uint8))
    run.log_image("bild ö.png", numpy.zeros((5, 4), numpy.uint16), study_id=7, frame_number=numpy.int64(3))
    run.log_image("referred", frame_ref="h5://odd/frames/1")
    run.finish_episode("odd/1", odd)
    logged = run.finish("failed", timeout=0.1).records
    assert logged == 17 and run.statistics.rejected == 0
    server = make_server()
    sync = sync_by_python if by == "python" else sync_by_swift(binary)
    done = sync(spool, server.ready["tcp"])
    # And rows of metrics without a name.
    assert "4 were refused" in done.stdout and done.returncode == 1, (done.stdout, done.stderr)
    left = {path.name for path in spool.rglob("*") if not path.is_dir()}
    with holdfast.Client(server.ready["tcp"]) as client:
        told = client.runs.get("odd")
        refused = [(spool / "rejected" / name).read_text() for name in left if name.endswith("json")]
        assert told["status"] == "failed" and told["steps"] == 2, refused
        assert told["config"]["deep"] == odd["deep"] and told["config"]["big"] == 2**62 and told["tags"] == ["ä", ""]
        summary = client.metrics.summary("odd")
        assert summary["training_metrics_count"] == 4 and summary["generation_metrics_count"] == 1
        page = client.episodes.steps(run_id="odd", arrays=["frame"])
        assert page["frame"].dtype == bool and page["frame"].all() and page["frame"].shape == (1, 3, 2)
        assert client.labels.stats()["total"] == 2
        assert client.episodes.get("odd/1")["metadata"]["deep"] == odd["deep"]
    # What the server itself refuses: two actions of another kind than the run's first.
    assert len([name for name in left if name.endswith(".error.json")]) == 2, left
