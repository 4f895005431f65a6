"""Whatever ends or stops, nothing that was logged is lost or doubled, and nobody hangs."""

import random
import signal
import subprocess
import time
import warnings

import numpy
import pytest

import holdfast
from holdfast import HoldfastError, Options
from spools import assert_all, metric_steps, step_indices, sync_by_python, sync_by_swift
from waiting import eventually, pause

LOGS = """
run = holdfast.init("RUN", server=os.environ["SERVER"], options=options)
import numpy
frame = numpy.zeros((20, 30), numpy.uint8)
for step in range(10**9):
    run.log({"loss": step / 3}, step=step)
    run.log_step("RUN/0", step, reward=1.0, action=step % 4, frame=frame)
    say(step)
    if step % 500 == 499:
        time.sleep(0.05)
"""


@pytest.mark.parametrize("by", ["python", "swift"])
def test_a_killed_trainer_loses_and_doubles_nothing(by, binary, server, client, address, spool, make_trainer, is_long):
    sync = sync_by_python if by == "python" else sync_by_swift(binary)
    dice = random.Random(by)
    for round in range(20 if is_long else 4):
        trainer = make_trainer(LOGS.replace("RUN", f"r{round}"), SERVER=address)
        assert trainer.line() == "0"
        pause(dice.uniform(0, 0.8))
        if round % 2:  # requests are on their way, and nobody knows which arrived
            server.process.send_signal(signal.SIGSTOP)
            pause(dice.uniform(0, 0.2))
        trainer.kill()
        if round % 2:
            server.process.send_signal(signal.SIGCONT)
        last = int(trainer.last_line() or 0)
        done = sync(spool, address)
        assert done.returncode == 0, done.stderr
        assert_all(metric_steps(client, f"r{round}"), last, f"metrics of round {round}")
        assert_all(step_indices(client, f"r{round}/0"), last, f"steps of round {round}")
        assert not [path for path in spool.iterdir() if len(path.name) == 36], "the spool is removed when it is sent"


def test_a_trainer_and_the_server_killed_together(make_server, binary, spool, make_trainer):
    server = make_server()
    last = {}
    for round in range(3):
        trainer = make_trainer(LOGS.replace("RUN", f"r{round}"), SERVER=server.ready["tcp"])
        assert trainer.line() == "0"
        pause(0.3)
        server.kill()
        pause(0.1)
        trainer.kill()
        last[round] = int(trainer.last_line() or 0)
        server.start()
        sync = sync_by_python if round % 2 else sync_by_swift(binary)
        assert sync(spool, server.ready["tcp"]).returncode == 0
    with holdfast.Client(server.ready["tcp"]) as client:
        for round, step in last.items():
            assert_all(metric_steps(client, f"r{round}"), step, f"metrics of round {round}")
            assert_all(step_indices(client, f"r{round}/0"), step, f"steps of round {round}")


def test_the_next_process_sends_what_the_last_one_left(server, client, address, make_trainer, quick):
    server.process.send_signal(signal.SIGSTOP)
    trainer = make_trainer(LOGS.replace("RUN", "left"), SERVER=address)
    trainer.line()
    pause(0.3)
    trainer.kill()
    last = int(trainer.last_line() or 0)
    server.process.send_signal(signal.SIGCONT)
    with holdfast.init("next", server=address, options=quick):
        eventually(lambda: len(metric_steps(client, "left")) > last, "what was left is sent")
    assert_all(metric_steps(client, "left"), last, "metrics")


def test_a_stopped_server_delays_and_loses_nothing(server, client, address):
    options = Options(resource_interval=None, request_timeout=0.5, longest_retry_delay=0.2)
    with holdfast.init("r", server=address, options=options) as run:
        for step in range(3000):
            if step == 1000:
                server.process.send_signal(signal.SIGSTOP)
            before = time.perf_counter()
            run.log({"loss": step}, step=step)
            assert time.perf_counter() - before < 0.5
            if step % 200 == 0:
                pause(0.05)
        pause(1.0)
        server.process.send_signal(signal.SIGCONT)
        run.flush()
    assert metric_steps(client, "r") == list(range(3000))


def test_a_server_that_is_killed_and_comes_back(make_server, binary, quick):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = make_server("--tcp", f"127.0.0.1:{port}")
    problems = []
    with holdfast.init("r", server=server.ready["tcp"], options=quick, on_problem=problems.append) as run:
        for step in range(2000):
            run.log({"loss": step}, step=step)
            run.log_step("r/0", step, reward=1.0)
            if step in (500, 1200):
                run.flush(20)
                server.kill()
                pause(0.05)
            if step in (800, 1500):
                server.start()
        run.flush(20)
        assert run.statistics.reconnects >= 1 and run.statistics.rejected == 0
        assert {problem.kind for problem in problems} <= {"waiting"}
    with holdfast.Client(server.ready["tcp"]) as client:
        assert metric_steps(client, "r") == step_indices(client, "r/0") == list(range(2000))
        assert client.runs.get("r")["status"] == "finished"


def test_a_server_restored_from_a_backup_is_noticed(make_server, binary, tmp_path, quick):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = make_server("--tcp", f"127.0.0.1:{port}")
    problems = []
    with holdfast.init("r", server=server.ready["tcp"], options=quick, on_problem=problems.append) as run:
        run.log({"loss": 0}, step=0)
        run.flush()
        with holdfast.Client(server.ready["tcp"]) as client:
            path = client.server.backup("b")["path"]
        run.log({"loss": 1}, step=1)
        run.flush()
        server.kill()
        run.log({"loss": 2}, step=2)
        subprocess.run([binary, "restore", path, str(tmp_path / "restored")], check=True, capture_output=True)
        server.data = tmp_path / "restored"
        server.start()
        run.flush(20)
    assert "server_restored" in {problem.kind for problem in problems}
    with holdfast.Client(server.ready["tcp"]) as client:
        assert metric_steps(client, "r") == [0, 2]  # 1 was acknowledged by a server that is gone


def test_without_a_server_a_warning_says_so_once_and_all_is_kept(spool, make_server, quick):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = time.monotonic()
        run = holdfast.init("r", server="127.0.0.1:1", options=quick)
        assert time.monotonic() - before < 2
        for step in range(1000):
            run.log({"loss": step}, step=step)
        with pytest.raises(HoldfastError, match="not acknowledged .* stay in the spool.* sync") as late:
            run.flush(0.3)
        before = time.monotonic()
        unsent = run.finish(timeout=1)
        assert time.monotonic() - before < 2
    assert late.value.code == "timeout" and unsent.records == 1002 and unsent.bytes > 50_000
    assert [str(one.message) for one in caught if "no Holdfast server" in str(one.message)].__len__() == 1
    run.log({"loss": 1})
    assert run.statistics.dropped == 1
    server = make_server()
    assert sync_by_python(spool, server.ready["tcp"]).stdout == "sent 1002 records\n"
    with holdfast.Client(server.ready["tcp"]) as client:
        assert metric_steps(client, "r") == list(range(1000)) and client.runs.get("r")["status"] == "finished"


@pytest.mark.parametrize("state", ["away", "stopped"])
def test_the_end_does_not_hang(state, server, address, make_trainer):
    trainer = make_trainer(
        """
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        say("begun")
        sys.stdin.readline()
        for step in range(1000):
            run.log({"loss": step}, step=step)
        """,
        SERVER=address if state == "stopped" else "127.0.0.1:1",
    )
    assert trainer.line() == "begun"
    if state == "stopped":
        server.process.send_signal(signal.SIGSTOP)
    before = time.monotonic()
    trainer.process.stdin.write(b"\n")
    trainer.process.stdin.flush()
    assert trainer.wait(10) == 0
    assert 4 < time.monotonic() - before < 8
    server.process.send_signal(signal.SIGCONT)


def test_the_regular_end_sends_all_and_ends_the_run(address, client, make_trainer):
    trainer = make_trainer(
        """
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        for step in range(1000):
            run.log({"loss": step}, step=step)
        """,
        SERVER=address,
    )
    assert trainer.wait() == 0
    assert metric_steps(client, "r") == list(range(1000)) and client.runs.get("r")["status"] == "finished"


def test_an_exception_that_nobody_caught_fails_the_run(address, client, make_trainer):
    trainer = make_trainer(
        """
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        run.log({"loss": 1}, step=0)
        raise SystemError("nan loss")
        """,
        SERVER=address,
    )
    assert trainer.wait() == 1 and "nan loss" in trainer.errors()
    assert client.runs.get("r")["status"] == "failed" and metric_steps(client, "r") == [0]


# The second one stays in C for long, without the interpreter's lock.
BUSY = ["time.sleep(60)", "__import__('hashlib').pbkdf2_hmac('sha256', b'', b'', 10**9)", "time.sleep(0.001)"]


@pytest.mark.parametrize("does", BUSY)
def test_sigterm_sends_what_there_is_and_ends_the_process(does, address, client, make_trainer):
    trainer = make_trainer(
        f"""
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        for step in range(10**9):
            run.log({{"loss": step}}, step=step)
            if step == 150:
                say("logged")
            if step >= 150:
                {does}
        """,
        SERVER=address,
    )
    assert trainer.line() == "logged"
    pause(0.1)
    before = time.monotonic()
    trainer.process.terminate()
    assert trainer.wait(10) == -signal.SIGTERM
    assert time.monotonic() - before < 6
    found = metric_steps(client, "r")
    assert len(found) >= 151 and found == list(range(len(found)))


def test_a_program_that_handles_sigterm_is_left_alone(address, client, make_trainer):
    trainer = make_trainer(
        """
        import signal
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        run.log({"loss": 1}, step=0)
        say("logged")
        time.sleep(60)
        """,
        SERVER=address,
    )
    trainer.line()
    trainer.process.terminate()
    assert trainer.wait(10) == 7 and metric_steps(client, "r") == [0]


def test_forked_workers_log_into_spools_of_their_own(address, client, spool, make_trainer):
    trainer = make_trainer(
        """
        import multiprocessing
        import numpy

        def work(number):
            for step in range(300):
                run.log({f"worker_{number}": step}, step=step)
                run.log_step(f"r/{number}", step, reward=1.0, frame=numpy.zeros((20, 20), numpy.uint8))
                if step == 200 and number == 3:
                    os.kill(os.getpid(), 9)

        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=work, args=(number,)) for number in range(4)]
        for worker in workers:
            worker.start()
        for step in range(2000):
            run.log({"loss": step}, step=step)
        for worker in workers:
            worker.join()
        """,
        SERVER=address,
    )
    assert trainer.wait() == 0, trainer.errors()
    assert metric_steps(client, "r") == list(range(2000))
    for number in range(4):
        count = 201 if number == 3 else 300
        assert metric_steps(client, "r", f"worker_{number}") == list(range(count))
        assert step_indices(client, f"r/{number}") == list(range(count))
    assert [path.name for path in spool.iterdir()] == []


def test_a_forked_worker_without_a_spool_tells_so_once(address, client, spool, make_trainer):
    trainer = make_trainer(
        """
        import shutil
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        run.log({"loss": 0}, step=0)
        run.flush()
        shutil.rmtree(os.environ["HOLDFAST_SPOOL"])
        open(os.environ["HOLDFAST_SPOOL"], "w").close()
        child = os.fork()
        if child == 0:
            for step in range(1, 100):
                run.log({"loss": step}, step=step)
            os._exit(run.statistics.dropped)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """,
        SERVER=address,
    )
    assert trainer.line() == "99" and trainer.wait() == 0
    told = trainer.errors()
    assert told.count("what is logged is dropped until it can") == 1 and f"{spool} can't be written (" in told, told


def test_a_fork_while_threads_log(address, client, make_trainer):
    trainer = make_trainer(
        """
        import threading
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)

        def work(number):
            for step in range(5000):
                run.log({f"thread_{number}": step}, step=step)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        children = []
        for number in range(20):
            child = os.fork()
            if child == 0:
                for step in range(50):
                    run.log({f"child_{number}": step}, step=step)
                os._exit(0)
            children.append(child)
            time.sleep(0.005)
        for thread in threads:
            thread.join()
        codes = [os.waitpid(child, 0)[1] for child in children]
        say(codes)
        run.finish(timeout=20)
        """,
        SERVER=address,
    )
    assert trainer.line() == str([0] * 20)
    assert trainer.wait() == 0, trainer.errors()
    for number in range(3):
        assert metric_steps(client, "r", f"thread_{number}") == list(range(5000))
    for number in range(20):
        assert metric_steps(client, "r", f"child_{number}") == list(range(50))


def test_a_full_spool_holds_up_steps_and_drops_resources(server, client, address):
    server.process.send_signal(signal.SIGSTOP)
    dropped = []
    options = Options(
        resource_interval=0.02, spool_bytes=300_000, start_timeout=0.1, request_timeout=60, on_problem=dropped.append
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run = holdfast.init("r", server=address, options=options)
    noise = numpy.zeros(50_000, numpy.uint8)
    import threading

    def work():
        for step in range(20):
            run.log_step("r/0", step, reward=1.0, frame=noise)
            run.log({"loss": step}, step=step)

    thread = threading.Thread(target=work)
    thread.start()
    pause(0.5)
    assert thread.is_alive() and run.statistics.queued_bytes <= 300_000
    eventually(lambda: run.statistics.dropped > 0, "resources are dropped")
    server.process.send_signal(signal.SIGCONT)
    thread.join(20)
    assert not thread.is_alive()
    run.finish(timeout=20)
    assert metric_steps(client, "r") == step_indices(client, "r/0") == list(range(20))
    (told,) = [problem.message for problem in dropped if problem.kind == "dropped"]
    assert told.startswith("the spool has no room (of 300000 bytes): ")


def test_a_full_disk_holds_up_and_goes_on(address, client, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a tmpfs: {mounted.stderr.strip()}")
    try:
        options = Options(resource_interval=None, spool_segment_bytes=256 << 10)
        run = holdfast.init("r", server=address, options=options, spool=str(disk / "spool"))
        ballast = disk / "ballast"
        with open(ballast, "wb", buffering=0) as file:
            try:
                while file.write(bytes(4096)):
                    pass
            except OSError:
                pass
        import threading

        noise = numpy.random.default_rng(1).integers(0, 256, (40, 30_000), numpy.uint8)

        def work():
            for step, frame in enumerate(noise):
                run.log_step("r/0", step, reward=1.0, frame=frame)
                run.log({"loss": step}, step=step)

        thread = threading.Thread(target=work)
        thread.start()
        pause(0.5)
        ballast.unlink()
        thread.join(20)
        assert not thread.is_alive()
        run.finish(timeout=20)
        assert metric_steps(client, "r") == step_indices(client, "r/0") == list(range(40))
        found = client.episodes.steps(episode_id="r/0", arrays=["frame"])["frame"]
        assert numpy.array_equal(found, noise)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_a_limit_on_files_is_an_error_and_no_end(make_trainer, spool):
    trainer = make_trainer(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        try:
            holdfast.init("r", options=options)
        except holdfast.HoldfastError as error:
            say(error.code, "kept" in str(error))
        """
    )
    assert trainer.line() == "spool True" and trainer.wait() == 0


def test_damage_is_set_aside_and_the_rest_goes_on(spool, make_server, make_trainer):
    trainer = make_trainer(
        """
        run = holdfast.init("r", server="127.0.0.1:1", options=options)
        for step in range(100):
            run.log({"loss": step}, step=step)
        say("logged")
        time.sleep(60)
        """
    )
    trainer.line()
    trainer.kill()
    (segment,) = spool.glob("*/*.segment")
    with open(segment, "r+b") as file:
        file.seek(64 + 3000)
        file.write(b"\xff\xff\xff\xff")
    server = make_server()
    done = sync_by_python(spool, server.ready["tcp"])
    (aside,) = spool.iterdir()
    assert aside.name.startswith("damaged-") and f"was set aside as {aside}\n" in done.stderr, done.stderr
    assert "holdfast: 1 damaged spool: " in done.stderr and done.returncode == 1
    with holdfast.Client(server.ready["tcp"]) as client:
        found = metric_steps(client, "r")
        assert 10 < len(found) < 100 and found == list(range(len(found)))


def test_sync_says_when_there_is_no_server(spool):
    spool.mkdir()
    done = sync_by_python(spool, "127.0.0.1:1")
    assert done.returncode == 1 and "no connection" in done.stderr and "Traceback" not in done.stderr


def test_a_process_with_thousands_of_open_files(address, client, make_trainer):
    trainer = make_trainer(
        """
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (3000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        files = [open("/dev/null") for _ in range(2000)]
        run = holdfast.init("r", server=os.environ["SERVER"], options=options)
        run.log({"loss": 1}, step=0)
        run.finish()
        """,
        SERVER=address,
    )
    assert trainer.wait() == 0, trainer.errors()
    assert metric_steps(client, "r") == [0]


def test_a_handler_that_ends_the_run_may_interrupt_any_instruction(address, client, make_trainer, is_long):
    """Programs end runs in handlers of SIGTERM; the signal may come while a record is being added."""
    total = 0
    for number in range(60 if is_long else 8):
        trainer = make_trainer(
            f"""
            import signal
            run = holdfast.init("r{number}", server=os.environ["SERVER"], options=options)
            def ended(*_):
                run.finish("failed")
                sys.exit(3)
            signal.signal(signal.SIGALRM, ended)
            signal.setitimer(signal.ITIMER_REAL, 0.02 + {number} * 0.00037)
            for step in range(10**9):
                run.log({{"loss": step}}, step=step)
            """,
            SERVER=address,
        )
        assert trainer.wait(20) == 3, trainer.errors()
        assert client.runs.get(f"r{number}")["status"] == "failed"
        found = metric_steps(client, f"r{number}")
        assert found == list(range(len(found)))
        total += len(found)
    assert total > 0, "all signals came before the first record"


def test_a_disk_that_is_full_from_the_start_leaves_nothing_behind(tmp_path, address):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"needs the right to mount a tmpfs: {mounted.stderr.strip()}")
    try:
        (disk / "ballast").write_bytes(bytes(60 << 10))
        (disk / "more").write_bytes(b"x")
        for _ in range(3):
            with pytest.raises(HoldfastError, match="No space") as refused:
                holdfast.init("r", server=address, spool=str(disk / "spool"))
            assert refused.value.code == "spool"
        assert not (disk / "spool").exists() or list((disk / "spool").iterdir()) == []
    finally:
        subprocess.run(["umount", "-l", disk], check=True)
