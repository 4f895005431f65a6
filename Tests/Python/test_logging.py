"""What training code logs, and what the server has of it."""

import asyncio
import itertools
import math
import multiprocessing
import os
import pickle
import shutil
import threading

import numpy
import pytest

import holdfast
from holdfast import HoldfastError, Options, ServerError
from holdfast.spool.records import ResourceRecord
from waiting import eventually


def values(client, run="r", name="loss"):
    return [row["metric_value"] for row in client.metrics.all(run_id=run, where={"metric_name": name})]


def test_a_run_is_logged_and_read_back(address, client, quick):
    frames = numpy.random.default_rng(1).integers(0, 256, (5, 21, 16, 3), numpy.uint8)
    with holdfast.init("r", {"lr": 1e-3, "layers": [64, 64]}, ["demo"], address, agent_id="dqn", options=quick) as run:
        assert run.is_resumed is False
        run.log({"loss": 0.5, "accuracy": numpy.float32(0.25)}, step=1)
        run.log({"loss": math.nan}, step=2, phase="val")
        run.log({"loss": math.inf}, round=1, epoch=2, phase="val", timestamp=1.7e9)
        run.log_training_epoch_metric("loss", 0.125, round=1, epoch=3)
        generation = run.log_data_generation_start("inject", round=1, chunk=2)
        run.log_data_generation_complete(generation, samples=100)
        for index, frame in enumerate(frames):
            seen = {"a": frame[0], "b": numpy.float64(index)}
            run.log_step(
                "r/0", index, action=index, reward=index / 2, frame=frame, observation=seen, terminated=index == 4,
                info={"lives": 3, "inf": math.inf},
            )  # fmt: skip
        run.finish_episode("r/0", {"seed": 7})
        run.flush()
        assert run.statistics.queued == run.statistics.rejected == run.statistics.dropped == 0
        metrics = run.metrics("loss")
        assert numpy.array_equal(metrics["metric_value"], [0.5, math.nan, math.inf, 0.125], equal_nan=True)
        assert metrics["timestamp"][2] == 1.7e9 and list(metrics["epoch_number"][2:]) == [2, 3]
        episodes = run.episodes()
        assert list(episodes["total_reward"]) == [5.0] and episodes["metadata"][0] == {"seed": 7}
    told = client.runs.get("r")
    assert told["status"] == "finished" and told["config"] == {"lr": 1e-3, "layers": [64, 64]}
    assert told["tags"] == ["demo"] and told["agent_id"] == "dqn"
    page = client.episodes.steps(episode_id="r/0", arrays=["frame", "observation"])
    assert numpy.array_equal(page["frame"], frames)
    assert numpy.array_equal(page["observation"]["a"], frames[:, 0]) and list(page["observation"]["b"]) == [0, 1, 2, 3, 4]
    assert [step["action"] for step in page["steps"]] == [0, 1, 2, 3, 4]
    assert page["steps"][4]["info"] == {"lives": 3, "inf": "Infinity"} and page["steps"][4]["terminated"] is True
    found = client.resolve([page["steps"][k]["frame_ref"] for k in (3, 0, 3)], stack=True)
    assert numpy.array_equal(found, frames[[3, 0, 3]])
    (made,) = client.metrics.all("generation_metrics", run_id="r")
    assert made["samples_generated"] == 100 and made["memory_used_mb"] > 1 and made["chunk_number"] == 2


def test_an_exception_fails_the_run(address, client, quick):
    with pytest.raises(ZeroDivisionError), holdfast.init("r", server=address, options=quick) as run:
        run.log({"loss": 1.0})
        run.log({"loss": 1 / 0})
    assert client.runs.get("r")["status"] == "failed" and values(client) == [1.0]


def test_a_run_is_resumed(address, client, quick):
    for number in range(2):
        with holdfast.init("r", server=address, options=quick) as run:
            assert run.is_resumed is bool(number)
            run.log({"loss": number})
    assert values(client) == [0.0, 1.0]


def test_what_is_wrong_is_told_and_nothing_else_suffers(address, client, quick):
    problems = []
    with holdfast.init("r", server=address, options=quick, on_problem=problems.append) as run:
        run.log({"loss": "high", "other": 1.0})
        run.log({"loss": 2.0}, step="x")
        run.log({"loss": 2.0}, step=1.5)
        run.log_step("r/0", 0.5, reward=0)
        run.log([1.0])
        run.log({"\ud800": 1.0})
        run.log_step("r/0", 0, reward=0, observation={"\ud800": numpy.zeros(1)})
        run.finish_episode("r/0", {"\ud800": 1})
        run.log_step("r/0", 0, reward=math.nan)
        run.log_step("r/0", -1, reward=0)
        run.log_step("", 0, reward=0)
        run.log_step("r/0", 0, reward=0, action=2**40)
        run.log_step("r/0", 0, reward=0, frame=numpy.zeros(2, complex))
        run.log_step("r/0", 0, reward=0, info={"big": "x" * (1 << 20)})
        run.log_step("r/0", 0, reward=1)
        run.log_step("r/0", 1, reward=1, frame=numpy.zeros(3, numpy.uint8))
        run.flush()
        run.log_step("r/0", 2, reward=1, frame=numpy.zeros(4, numpy.uint8))
        run.log({"loss": 3.0})
        run.flush()
        assert run.statistics.rejected == 15 and {problem.kind for problem in problems} == {"rejected"}
        assert problems[-1].error.kind == "shape_mismatch" and "high" in problems[0].message
        assert '(step 2 of episode "r/0"); it is in ' in problems[-1].message
        assert "step is 1.5, not a whole number" in problems[2].message
    assert values(client) == [3.0] and values(client, name="other") == [1.0]
    assert client.episodes.get("r/0")["steps"] == 2


def test_the_refused_is_kept_beside_the_spool(address, spool, run, caplog):
    run.log_step("r/0", 0, reward=1)
    run.log_step("r/0", 0, reward=1)
    run.flush()
    assert 'step 0 of episode "r/0" and those after it); the other record sent with it was refused too; all' in caplog.text
    for index in range(5, 10):
        run.log_step("r/0", index, reward=1)
    run.log_step("r/0", 5, reward=1)
    run.flush()
    told = '(step 5 of episode "r/0" and those after it); the 5 other records sent with it were refused too; '
    told += f"all are in {spool}/rejected"
    assert caplog.text.count(told) == 1 and caplog.text.count("delivery problem") == 2, caplog.text
    names = sorted(path.name.split(".", 1)[1] for path in (spool / "rejected").iterdir())
    assert names == 2 * ["error.json"] + 2 * ["frame"]
    frame = next((spool / "rejected").glob("*.frame")).read_bytes()
    assert int.from_bytes(frame[:4], "big") < len(frame) and b"steps.append" in frame


def test_wrong_arguments_are_refused_at_once(address, quick, tmp_path):
    for run in ("", "-x", "a..b", "images", "variables", "x" * 129, "ä"):
        if run:
            with pytest.raises(HoldfastError, match="run id"):
                holdfast.init(run, server=address)
    for server in ("nowhere", "host:", "::1:7411", "h:0", "h:70000"):
        with pytest.raises(HoldfastError, match="host:port"):
            holdfast.init("r", server=server)
    (tmp_path / "file").write_text("")
    with pytest.raises(HoldfastError, match="HOLDFAST_SPOOL") as refused:
        holdfast.init("r", server=address, spool=str(tmp_path / "file"))
    assert refused.value.code == "spool"


def test_a_refusal_of_the_start_is_raised(address, client, quick):
    client.runs.start("gone")
    client.runs.delete("gone")
    with pytest.raises(ServerError) as refused:
        holdfast.init("gone", server=address, options=quick)
    assert refused.value.kind == "run_deleted" and refused.value.final


def test_the_environment_tells_server_token_and_spool(make_server, monkeypatch, tmp_path, quick):
    server = make_server(HOLDFAST_TOKEN="open-sesame", token="open-sesame")
    monkeypatch.setenv("HOLDFAST_SERVER", server.ready["tcp"])
    monkeypatch.setenv("HOLDFAST_TOKEN", "open-sesame")
    monkeypatch.setenv("HOLDFAST_SPOOL", str(tmp_path / "elsewhere"))
    with holdfast.init("r", options=quick) as run:
        run.log({"loss": 1.0})
        assert len(list((tmp_path / "elsewhere").iterdir())) == 1
    assert list((tmp_path / "elsewhere").iterdir()) == []
    with holdfast.Client() as client:
        assert values(client) == [1.0]
    refusal = r"refuses the token \(unauthorized: .*\): set HOLDFAST_TOKEN or token=…; .* kept in .*/elsewhere until"
    with pytest.warns(UserWarning, match=refusal):
        refused = holdfast.init("r2", token="wrong", options=quick)
    assert refused.finish(timeout=0.1).records == 2
    with holdfast.init("r3", options=quick), holdfast.Client() as client:
        eventually(lambda: client.runs.get("r3"), "a run with the right token")
        eventually(lambda: len(list(client.runs.all())) == 3, "what the wrong token left is sent with the right one")
    with holdfast.Client(token="wrong") as client, pytest.raises(ServerError, match="is wrong; set HOLDFAST_TOKEN or token="):
        client.runs.get("r")
    monkeypatch.delenv("HOLDFAST_TOKEN")
    with holdfast.Client() as client, pytest.raises(ServerError, match="is missing; set HOLDFAST_TOKEN or token=") as missing:
        client.runs.get("r")
    assert missing.value.message == "the token is missing"


def test_threads_log_side_by_side(address, client, run):
    def work(number):
        for step in range(500):
            run.log({f"loss_{number}": step}, step=step)
            run.log_step(f"r/{number}", step, reward=1.0)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.flush()
    for number in range(8):
        assert values(client, name=f"loss_{number}") == list(map(float, range(500)))
        assert client.episodes.get(f"r/{number}")["steps"] == 500


def test_an_event_loop_is_not_held_up(address, client, run):
    async def train():
        for step in range(200):
            run.log({"loss": step}, step=step)
            await asyncio.sleep(0)
        await asyncio.to_thread(run.flush)

    asyncio.run(train())
    assert values(client) == list(map(float, range(200)))


def test_steps_of_any_size_take_the_long_way(run, client):
    for step in (0, 2**32 - 1, 2**32, 2**62, -1, numpy.int64(5)):
        run.log({"loss": 1.0}, step=step)
        run.log({"loss": 1.0}, step=step)
    run.flush()
    steps = [row["step"] for row in client.metrics.all(run_id="r")]
    assert steps == [n for n in (0, 2**32 - 1, 2**32, 2**62, -1, 5) for _ in range(2)]


def test_long_and_many_names_are_kept(run, client):
    long = "x" * 5000
    for _ in range(2):
        run.log({long: 1.0}, step=1)
    for number in range(300):
        run.log({f"m{number}": number, f"{'y' * number}": 1.0}, step=number)
    run.flush()
    assert values(client, name=long) == [1.0, 1.0] and values(client, name="m299") == [299.0]
    assert client.metrics.summary("r")["training_metrics_count"] == 601, "a name must not be empty"


def test_a_signal_handler_may_log_while_the_thread_that_it_interrupts_does(address, client, quick):
    import signal

    with holdfast.init("r", server=address, options=quick) as run:
        numbers = itertools.count()

        def handler(*_):  # which another signal may interrupt
            number = next(numbers)
            run.log({"signal": number}, step=number)

        old = signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.0005)
        try:
            for step in range(30_000):
                run.log({"loss": step}, step=step)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        run.flush()
        assert values(client) == list(map(float, range(30_000)))
        count = next(numbers)
        assert count > 5 and sorted(values(client, name="signal")) == list(map(float, range(count)))


def test_segments_follow_each_other_and_are_removed(address, client, spool):
    options = Options(resource_interval=None, spool_segment_bytes=1 << 16)
    noise = numpy.random.default_rng(1).integers(0, 256, (30, 70_000), numpy.uint8)
    with holdfast.init("r", server=address, options=options) as run:
        for index, frame in enumerate(noise):
            run.log_step("r/0", index, reward=0.0, frame=frame)
            for step in range(100):
                run.log({"loss": step}, step=step)
        run.flush()
        # What is acknowledged is removed behind it.
        eventually(lambda: len(list(spool.glob("*/*.segment"))) < 25, "acknowledged segments are removed")
        assert len(values(client)) == 3000
    found = client.episodes.steps(episode_id="r/0", arrays=["frame"])["frame"]
    assert numpy.array_equal(found, noise)


def test_images_are_logged(run, client):
    pixels = numpy.arange(12, dtype=numpy.uint8).reshape(3, 4)
    run.log_image("a.png", pixels, study_id="s")
    run.log_image("b.png")
    run.log_image("c.png", pixels + 1)
    run.flush()
    rows = {row["filename"]: row for row in client.labels.all()} | {"": None}
    rows.pop("")
    assert client.labels.stats()["total"] == 3
    for name, expected in (("a.png", pixels), ("c.png", pixels + 1)):
        if name in rows:
            assert numpy.array_equal(client.resolve([rows[name]["frame_ref"]])[0], expected)


def test_resources_of_the_machine_are_logged(address, client):
    with holdfast.init("r", server=address, options=Options(resource_interval=0.05)) as run:

        def measured():
            sum(range(100_000))
            run.flush()
            rows = client.metrics.all("resource_metrics", "r")
            return {(row["metric_type"], row["metric_name"], row["unit"]) for row in rows}

        wanted = {
            ("cpu", "system_total", "%"), ("cpu", "process_tree", "%"), ("ram", "system_total", "%"),
            ("ram", "system_used", "MB"), ("ram", "process_tree", "MB"),
        }  # fmt: skip
        eventually(lambda: measured() >= wanted, "resources of all kinds")
        rows = list(client.metrics.all("resource_metrics", "r"))
        assert all(row["process_id"] > 0 and row["hostname"] for row in rows)
        memory = [row["value"] for row in rows if row["metric_name"] == "process_tree" and row["metric_type"] == "ram"]
        assert 10 < memory[-1] < 10_000


def test_readings_that_the_end_overtakes_are_not_counted_as_dropped(address, quick):
    run = holdfast.init("r", server=address, options=quick)
    run.finish()
    run._intake.add(ResourceRecord("r", "cpu", "system_total", 1.0, "%", "lab", 1, 0.0), "drop")
    assert run.statistics.dropped == 0
    run.log({"loss": 1.0})
    assert run.statistics.dropped == 1


def test_what_is_logged_after_the_end_is_told_once(address, client, quick, caplog):
    problems = []
    run = holdfast.init("r", server=address, options=quick, on_problem=problems.append)
    run.log({"loss": 1.0})
    run.finish()
    run.flush()
    assert problems == []
    for step in range(10):
        run.log({"loss": 2.0}, step=step)
        run.log_step("r/0", step, reward=1.0)
    run.finish_episode("r/0")
    assert [problem.kind for problem in problems] == ["dropped"] and "the run has ended" in problems[0].message
    assert caplog.text.count("the run has ended") == 1 and run.statistics.dropped == 21
    with pytest.raises(HoldfastError, match="since then was dropped: 21 records") as refused:
        run.flush()
    assert refused.value.code == "closed" and values(client) == [1.0]


def test_a_spool_that_vanishes_is_told_once(tmp_path, quick, caplog):
    problems = []
    quick.spool_segment_bytes, quick.start_timeout = 64 << 10, 0.1
    with pytest.warns(UserWarning, match="no Holdfast server"):
        run = holdfast.init("r", server="127.0.0.1:1", spool=str(tmp_path / "spool"), options=quick, on_problem=problems.append)
    (folder,) = (tmp_path / "spool").iterdir()
    shutil.rmtree(folder)
    for step in range(5000):
        run.log({"loss": 2.0}, step=step)
    assert run.statistics.dropped > 500
    eventually(lambda: any(problem.kind == "dropped" for problem in problems), "the loss is told")
    for step in range(5000):
        run.log({"loss": 2.0}, step=step)
    run.finish(timeout=0.5)
    (dropped,) = [problem.message for problem in problems if problem.kind == "dropped"]
    assert dropped.startswith(f"{folder} is gone: ") and caplog.text.count("is gone") == 1
    assert "no room" not in caplog.text and "run has ended" not in caplog.text


def test_a_heartbeat_tells_that_the_process_lives(address, client):
    with holdfast.init("r", server=address, options=Options(resource_interval=None, heartbeat_interval=0.05)):
        before = client.runs.get("r")["heartbeat_at"]
        eventually(lambda: client.runs.get("r")["heartbeat_at"] > before, "a heartbeat")


def test_the_end_of_a_run_comes_after_what_its_children_did(address, client, quick):
    run = holdfast.init("r", {"rate": 1}, server=address, options=quick)
    child = os.fork()
    if child == 0:
        run.update_config({"rate": 2})
        os._exit(0)
    os.waitpid(child, 0)
    run.finish()
    told = client.runs.get("r")
    assert told["config"] == {"rate": 2} and told["status"] == "finished"


def log_in_a_spawned_process(run):
    run.log({"loss": 0.25}, step=1)
    run.finish()


def test_a_spawned_process_logs_to_the_run_that_it_is_given(run, client):
    child = multiprocessing.get_context("spawn").Process(target=log_in_a_spawned_process, args=(run,))
    child.start()
    child.join()
    assert child.exitcode == 0 and list(run.metrics("loss")["step"]) == [1]
    assert client.runs.get("r")["status"] == "running", "the run is its parent's to end"
    with pytest.raises(RuntimeError):
        pickle.dumps(run)  # a file would hold the token
