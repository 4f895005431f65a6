"""The command line: exit codes, refusals, help, signals, import."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading

import h5py
import numpy
import pytest
from PIL import Image

from certificates import Authority
from replay import assert_same_arrays, start, tiny_step
from server import Server, environment, without_privilege
from waiting import eventually
from wire import Closed, Producer, request

LOCAL = ("--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0")


def run(binary, *arguments, timeout=20, cwd=None, **variables):
    return subprocess.run(
        [binary, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env=environment(**variables),
    )


def test_help_and_usage(binary):
    for arguments in (["--help"], ["serve", "--help"]):
        shown = run(binary, *arguments)
        assert shown.returncode == 0 and "USAGE" in shown.stdout.upper(), f"{arguments}: {shown}"
    for option in ("--data", "--tcp", "--http", "--durability", "--token-file", "--insecure", "--labels", "--split-by"):
        assert option in run(binary, "serve", "--help").stdout, f"serve --help speaks of {option}"
    for arguments in (["--nonsense"], ["nonsense"], ["serve", "--durability", "maybe"], ["serve", "--tcp", "nowhere"]):
        refused = run(binary, *arguments)
        assert refused.returncode == 2, f"{arguments} is a usage error: {refused}"
        assert refused.stdout == "" and refused.stderr.count("\n") == 1, f"{arguments}: an error is a line on standard error"


def test_a_second_server_on_the_same_data_is_refused(server, binary):
    second = run(binary, "serve", "--data", server.data, *LOCAL)
    assert second.returncode == 3, f"exit code 3 for data in use: {second}"
    assert second.stdout == "" and str(server.data) in second.stderr, (
        f"the message names the directory: {second.stderr}"
    )
    assert server.post("server.ping") is not None


@pytest.mark.fault("server killed", "start-up")
def test_data_are_free_again_after_a_kill(make_server):
    server = make_server()
    server.kill()
    server.start()


def test_the_dashboard_is_found_wherever_the_server_is_started(binary, tmp_path):
    (tmp_path / "build" / "release").mkdir(parents=True)
    (tmp_path / "Web").mkdir()
    (tmp_path / "Web" / "index.html").write_text("found")
    shutil.copy(binary, tmp_path / "build" / "release" / "holdfast")
    # By the shell's PATH, so that the program is told its bare name.
    path = f"{tmp_path / 'build' / 'release'}:{os.environ['PATH']}"
    server = Server("holdfast", tmp_path / "data", PATH=path).start()
    try:
        assert server.get("/")[2] == b"found"
    finally:
        server.clean_up()


def test_the_server_needs_no_privilege(binary, tmp_path):
    server = Server(without_privilege(binary, tmp_path), tmp_path / "data").start()
    try:
        with server.connect() as connection:
            assert connection.call("server.ping")
        assert server.get("/healthz")[0] == 200
        server.stop()
    finally:
        server.clean_up()


def test_other_addresses_need_a_token(binary, tmp_path):
    for door in ("--tcp", "--http"):
        arguments = [argument for pair in zip(LOCAL[::2], LOCAL[1::2]) for argument in pair]
        arguments[arguments.index(door) + 1] = "0.0.0.0:0"
        refused = run(binary, "serve", "--data", tmp_path / "open", *arguments)
        assert refused.returncode not in (0, 3, 4) and "token" in refused.stderr, f"{door} 0.0.0.0: {refused}"


def test_other_addresses_with_a_token(make_server, tmp_path):
    file = tmp_path / "token"
    file.write_text("a token from a file\n")
    file.chmod(0o600)
    server = make_server("--tcp", "0.0.0.0:0", "--token-file", file, token="a token from a file", start=False)
    server.start()
    with server.connect() as connection:
        connection.call("server.ping")


def test_settings_come_from_the_environment_too(binary, tmp_path):
    data = tmp_path / "from environment"
    process = subprocess.Popen(
        [binary, "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=environment(HOLDFAST_DATA=str(data), HOLDFAST_TCP="127.0.0.1:0", HOLDFAST_HTTP="127.0.0.1:0"),
    )
    ready = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0, "SIGINT ends the server with 0"
    process.stdout.close()
    assert ready["ready"] is True and os.path.samefile(ready["data"], data)


def test_data_that_cannot_be_made_are_an_error_in_one_line(binary, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    refused = run(binary, "serve", "--data", tmp_path / "file", *LOCAL)
    assert refused.returncode in (1, 2, 4) and refused.stdout == "", str(refused)
    assert refused.stderr.count("\n") == 1 and "NSCocoaErrorDomain" not in refused.stderr, f"it is a line: {refused.stderr}"


@pytest.mark.fault("file damaged", "start-up")
def test_a_damaged_database_is_told(make_server, binary):
    server = make_server()
    server.stop()
    for leftover in server.database.parent.glob(f"{server.database.name}-*"):
        leftover.unlink()
    server.database.write_bytes(b"this is not a database, it only stands where one was" * 200)
    refused = run(binary, "serve", "--data", server.data, *LOCAL)
    assert refused.returncode == 4, f"exit code 4 for damaged data: {refused}"
    assert "telemetry.sqlite" in refused.stderr, f"the message names the file: {refused.stderr}"


def test_a_taken_port_is_told(server, binary, tmp_path):
    address = f"127.0.0.1:{server.tcp[1]}"
    refused = run(binary, "serve", "--data", tmp_path / "other", "--tcp", address, "--http", "127.0.0.1:0")
    assert refused.returncode == 1 and str(server.tcp[1]) in refused.stderr, str(refused)


@pytest.mark.parametrize("is_secure", [False, True])
def test_sigterm_ends_open_connections_and_answers_what_has_arrived(make_server, tmp_path, is_secure):
    server = make_server(certificate=Authority(tmp_path).issue() if is_secure else None)
    idle = [server.connect() for _ in range(20)]
    half = server.connect()
    half.send_bytes(b"\x00\x00\x10\x00half a frame")
    with server.connect() as busy:
        start(busy, "last")
        producer = Producer(busy)
        ids = [producer.send("steps.append", {"run_id": "last", "steps": [tiny_step(k)]}) for k in range(200)]
        assert busy.wait(ids[0])["first_index"] == 0
        server.stop(within=10)
        answered = 1
        while answered < len(ids):
            try:
                busy.wait(ids[answered])
            except Closed:
                break
            answered += 1
    for connection in [*idle, half]:
        assert connection.is_closed()
        connection.close()
    server.start()
    with server.connect() as connection:
        kept = len(connection.call("episodes.steps", {"run_id": "last", "limit": 1000})["steps"])
    assert kept >= answered, f"{answered} were acknowledged, {kept} are kept"


def test_sigterm_does_not_wait_for_a_client_that_never_reads(make_server):
    server = make_server()
    with server.connect() as deaf:
        deaf.socket.settimeout(2)
        with contextlib.suppress(TimeoutError):
            for k in range(1_000_000):
                deaf.socket.sendall(request("server.stats", {}, k))
        server.stop(within=10)


def test_importing_a_file_of_frames(make_server, binary, recording, tmp_path):
    source = tmp_path / "dataset.h5"
    with h5py.File(source, "w") as file:
        file.create_dataset("frames", data=recording.frames[:20], compression="lzf", chunks=(1, 210, 160, 3))
        file.create_dataset("masks", data=recording.observations[:5, :, :, 0])
    server = make_server(start=False)
    imported = run(binary, "import", source, "--data", server.data)
    assert imported.returncode == 0, str(imported)
    server.start()
    with server.connect() as connection:
        check_imported(server, connection, recording)


def check_imported(server, connection, recording):
    images = connection.call("labels.list", {"limit": 1000})["images"]
    assert images, "imported pictures wait to be labeled"
    held = connection.call("labels.stats")["splits"]["test"]
    assert len(images) + held in (20, 25), "one image for each row of the file"
    shown = {bytes(connection.call("frames.resolve", {"refs": [row["frame_ref"]]})["frames"][0]) for row in images}
    expected = {frame.tobytes() for frame in recording.frames[:20]}
    expected |= {mask.tobytes() for mask in recording.observations[:5, :, :, 0]}
    assert shown <= expected, "each imported picture is bit for bit one of the file"


def test_importing_a_folder_of_pictures(make_server, binary, recording, tmp_path):
    folder = tmp_path / "pictures"
    (folder / "inner").mkdir(parents=True)
    for k in range(6):
        Image.fromarray(recording.frames[k]).save(folder / f"frame_{k}.png")
    Image.fromarray(recording.observations[0, :, :, 0]).save(folder / "inner" / "gray.png")
    (folder / "notes.txt").write_text("not a picture")
    (folder / "photo.JPG").write_bytes(b"\xff\xd8\xff")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    server = make_server(start=False)
    first = run(binary, "import", folder, "--data", server.data)
    assert "broken.png" in first.stderr + first.stdout, f"a broken picture is named: {first}"
    (folder / "broken.png").unlink()
    again = run(binary, "import", folder, "--data", server.data)
    assert again.returncode == 0 and "passed over 1 file .jpg" in again.stdout, str(again)
    pointless = run(binary, "import", folder, "--data", server.data, "--run", "mine")
    assert pointless.returncode == 1 and "no episodes, which --run is for" in pointless.stderr, str(pointless)
    server.start()
    with server.connect() as connection:
        stats = connection.call("labels.stats")
        assert stats["total"] == 7, "importing twice adds nothing twice"
        for row in connection.call("labels.list", {"limit": 1000})["images"]:
            [pixels] = connection.call("frames.resolve", {"refs": [row["frame_ref"]]})["frames"]
            source = next(path for path in folder.rglob("*.png") if row["filename"].endswith(path.name))
            assert_same_arrays(pixels.squeeze(), numpy.asarray(Image.open(source)), row["filename"])


@pytest.mark.parametrize("source", ["missing.h5", "text.h5", "empty", "one.jpg"])
def test_importing_nothing_useful_is_an_error(binary, tmp_path, source):
    (tmp_path / "one.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "text.h5").write_text("no HDF5 in here")
    (tmp_path / "empty").mkdir()
    refused = run(binary, "import", tmp_path / source, "--data", tmp_path / "data")
    assert refused.returncode in (1, 2) and source in refused.stderr, str(refused)
    assert len(refused.stderr.strip().splitlines()) <= 3, f"errors are one line: {refused.stderr}"
    assert ("convert it to PNG" in refused.stderr) == (source == "one.jpg"), refused.stderr


def test_what_may_not_be_read_is_not_taken_for_missing(make_server, binary, recording, tmp_path):
    server = make_server()
    server.stop()
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.fromarray(recording.frames[0]).save(pictures / "a.png")
    barred = {
        f"verify --data {server.data}": (server.data, "can't be read by this user"),
        f"export labels --data {server.data}": (server.data, "can't be read by this user"),
        f"analyze {server.data}": (server.data, "can't be read by this user"),
        f"analyze {server.data}/telemetry/telemetry.sqlite": (server.data, "can't be read by this user"),
        f"restore {server.data} {tmp_path}/restored": (server.data, "can't be read by this user"),
        f"doctor {server.data}": (server.data, "can't be read and written by this user"),
        f"import {pictures} --data {tmp_path}/new": (pictures, "can't be read by this user"),
        f"sync {pictures}/spool": (pictures, "can't be read: Permission denied"),
        f"serve --data {pictures}/below/data": (pictures, f"{pictures}/below: Permission denied"),
    }
    program = without_privilege(binary, tmp_path)
    for command, (folder, reason) in barred.items():
        folder.chmod(0)
        try:
            done = run(program, *command.split())
        finally:
            folder.chmod(0o700)
        assert done.returncode != 0 and reason in done.stdout + done.stderr, f"{command}: {done}"
        assert "there is none yet" not in done.stdout, f"nobody knows what is in there: {done}"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("serv", 'there is no "holdfast serv"; holdfast has: serve, '),
        ("export episode --run r", 'there is no "holdfast export episode"; holdfast export has: episodes, labels, lineage'),
        ("token creat name", 'there is no "holdfast token creat"; holdfast token has: create, list, revoke'),
        ("import label labels.csv", 'there is no "holdfast import label", and no file or folder of that name'),
        ("doctor --data data", "Unknown option '--data'; usage: holdfast doctor [<data>] [--json]\n"),
        ("prune --older-than -5d", "The value '-5d' is invalid for '--older-than <30d|12h|90min|…>'"),
        ("gc --grace -1d", "The value '-1d' is invalid for '--grace <30d|12h|90min|…>'"),
        ("audit --limit all", "The value 'all' is invalid for '--limit <1–1000>'"),
        ("serve --data /dev/null", "/dev/null is a file; the data are in a directory"),
        ("serve --split-seed one", "The value 'one' is invalid for '--split-seed <integer>'"),
        ("serve --tcp tls://127.0.0.1:0", "--tls-cert"),
        ("seal run --level 0", "--level takes 1 (fast) to 9 (small)"),
        ("seal run --rows-per-chunk -1", "--rows-per-chunk takes 1 or more"),
        ("prune --keep-every 1", "--keep-every takes 2 to 1000000"),
        ("audit --limit 0", "--limit takes 1 to 1000"),
        ("verify --server http://127.0.0.1:7412", "TCP door"),
        ("export-video episode x.avi", "x.avi becomes an MP4 file"),
    ],
)
def test_a_value_that_can_not_be_is_told_before_anything_is_done(binary, command, words):
    refused = run(binary, *command.split())
    assert refused.returncode == 2 and words in refused.stderr and refused.stderr.count("\n") == 1, str(refused)


def test_a_folder_that_is_called_like_a_command_can_be_imported(binary, recording, tmp_path):
    (tmp_path / "arrays").mkdir()
    Image.fromarray(recording.frames[0]).save(tmp_path / "arrays" / "a.png")
    refused = run(binary, "import", "arrays", cwd=tmp_path)
    assert refused.returncode == 2 and "for the file or folder of that name: holdfast import ./arrays" in refused.stderr
    assert run(binary, "import", "./arrays", "--data", tmp_path / "data", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("command", ["verify", "sync"])
def test_the_address_that_is_none_is_named_as_it_was_given(binary, tmp_path, command):
    (tmp_path / "00000000-0000-4000-8000-00000000000a").mkdir()
    refused = run(binary, command, HOLDFAST_SERVER="nowhere", HOLDFAST_SPOOL=str(tmp_path))
    assert refused.returncode != 0 and 'HOLDFAST_SERVER: "nowhere" is not host:port' in refused.stderr, str(refused)
    assert "--server" not in refused.stderr


def test_a_file_that_can_not_be_written_is_told_before_the_work(make_server, binary, tmp_path):
    server = make_server()
    server.stop()
    (tmp_path / "folder").mkdir()
    for out, words in {"missing/x.csv": "missing: No such file or directory", "folder": "is a folder; name a file"}.items():
        refused = run(binary, "export", "labels", "--data", server.data, "--format", "csv", "--out", tmp_path / out)
        assert refused.returncode == 1 and words in refused.stderr, str(refused)
        assert not list(tmp_path.glob("**/*.part"))


def test_an_import_says_that_it_made_a_data_directory(binary, recording, tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.fromarray(recording.frames[0]).save(pictures / "a.png")
    told = [run(binary, "import", pictures, "--data", tmp_path / "new").stdout for _ in range(2)]
    assert f"made the data directory {tmp_path}/new" in told[0] and "made" not in told[1], told


def test_who_interrupts_a_command_on_a_data_directory_is_told_what_became_of_it(binary, tmp_path):
    pictures, data = tmp_path / "pictures", tmp_path / "data"
    pictures.mkdir()
    noise = numpy.random.default_rng(0).integers(0, 256, (256, 256), numpy.uint8)
    Image.fromarray(noise).save(pictures / "0.png")
    for number in range(1, 2000):
        os.link(pictures / "0.png", pictures / f"{number}.png")
    command = [binary, "import", pictures, "--data", data]
    importing = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    eventually(lambda: (data / "replay" / "images.h5").exists(), "pictures arrive", within=20)
    importing.terminate()
    said = importing.communicate(timeout=60)[1]
    assert importing.returncode == 130 and "interrupted; what had begun by then was carried out" in said, said
    assert "holdfast serve" not in said, "nobody wanted another server"
    assert run(binary, "import", pictures, "--data", data, timeout=100).returncode == 0


def test_labels_do_not_make_a_data_directory_whose_labels_nobody_chose(binary, tmp_path):
    (tmp_path / "labels.csv").write_text("filename,has_cat\na.png,1\n")
    refused = run(binary, "import", "labels", tmp_path / "labels.csv", "--data", tmp_path / "new")
    assert refused.returncode == 1 and "makes one, with the labels of its --labels" in refused.stderr, str(refused)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", ["foreign", "junk"])
def test_a_database_that_is_none_of_ours_is_left_alone(binary, tmp_path, content):
    database = tmp_path / "data" / "telemetry" / "telemetry.sqlite"
    database.parent.mkdir(parents=True)
    if content == "foreign":
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
    else:
        database.write_bytes(b"junk" * 4096)
    before = database.read_bytes()
    refused = run(binary, "serve", "--data", tmp_path / "data", *LOCAL)
    words = {"foreign": 'another program\'s, it has a table "theirs"', "junk": "is no SQLite database"}[content]
    assert refused.returncode in (1, 4) and words in refused.stderr, str(refused)
    assert database.read_bytes() == before


def test_the_folder_of_a_database_is_no_data_directory(make_server, binary):
    server = make_server()
    server.stop()
    refused = run(binary, "serve", "--data", server.data / "telemetry", *LOCAL)
    assert refused.returncode == 2 and "name the data directory" in refused.stderr, str(refused)
    assert not (server.data / "telemetry" / "telemetry").exists()


def test_labels_are_exported_from_a_folder_that_may_only_be_read(make_server, binary, tmp_path):
    server = make_server()
    server.stop()
    folders = [server.data, server.data / "telemetry"]
    for folder in folders:
        folder.chmod(0o555)
    try:
        done = run(without_privilege(binary, tmp_path), "export", "labels", "--data", server.data, "--format", "csv")
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert done.returncode == 0 and done.stdout.startswith("id,filename"), str(done)


def test_who_logs_in_where_no_token_is_needed_is_told_so(server):
    code, _, body = server.request("POST", "/login", json.dumps({"token": "x"}), {"Content-Type": "application/json"})
    assert code == 400 and b"needs no token" in body, body


@pytest.mark.parametrize("command", ["verify", "gc", "seal run", "backup", "audit", "token list"])
def test_a_directory_without_data_is_not_taken_for_one_that_is_well(binary, tmp_path, command):
    refused = run(binary, *command.split(), "--data", tmp_path / "mistyped")
    assert refused.returncode == 1 and "no data directory" in refused.stderr and refused.stdout == "", str(refused)
    assert not (tmp_path / "mistyped").exists()


def test_what_fails_on_a_data_directory_says_that_and_nothing_else(make_server, binary):
    server = make_server()
    server.stop()
    refused = run(binary, "seal", "missing", "--data", server.data)
    assert refused.returncode == 1 and 'run "missing" does not exist' in refused.stderr, str(refused)
    assert len(refused.stderr.splitlines()) == 1, "what the server in the command says of its end is nobody's concern"


def test_clients_that_come_while_the_server_ends_do_no_harm(make_server):
    for number in range(8):
        server = make_server(name=f"data{number}")
        ends = threading.Event()

        def come():
            while not ends.is_set():
                with contextlib.suppress(OSError):
                    socket.create_connection(server.tcp, timeout=5).close()

        guests = [threading.Thread(target=come) for _ in range(8)]
        for guest in guests:
            guest.start()
        try:
            # Checks that it ends in order.
            server.stop()
        finally:
            ends.set()
            for guest in guests:
                guest.join()
