"""Either client sends what the other has left, also what was on its way."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

import holdfast
from holdfast.spool.state import peek
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
            run.log_step("r/ö", step, reward=1.0, action=step, frame=numpy.full((50 + step // 100, 60), step % 256, numpy.uint8))
            other.log_step("r2/0", step, reward=1.0, observation={"a": numpy.float32(step)}, info={"lives": [1.0, None]})
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
    assert done.returncode == 0, done.stderr
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
    assert done.returncode == 0 and " 0 rejected, 0 spools left" in done.stdout, (done.stdout, done.stderr)
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
