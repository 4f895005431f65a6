"""The report of `holdfast analyze` on databases made here, and its plot."""

import contextlib
import os
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile

import pytest
from PIL import Image

from server import environment
from wire import Producer
from test_metrics import append, loss

START = 1_795_000_000.0
SCHEMA = """
CREATE TABLE runs (run_id TEXT PRIMARY KEY, status TEXT, started_at TEXT, heartbeat_at TEXT, finished_at TEXT,
    config TEXT, tags TEXT);
CREATE TABLE resource_metrics (id INTEGER PRIMARY KEY, timestamp REAL, run_id TEXT, metric_type TEXT, metric_name TEXT,
    value REAL, unit TEXT, hostname TEXT, process_id INTEGER, is_finite INTEGER, non_finite TEXT);
CREATE TABLE generation_metrics (id INTEGER PRIMARY KEY, timestamp REAL, run_id TEXT, operation TEXT,
    round_number INTEGER, chunk_number INTEGER, duration_seconds REAL, samples_generated INTEGER, memory_used_mb REAL,
    process_id INTEGER);
CREATE TABLE training_rows (id INTEGER PRIMARY KEY, timestamp REAL, run_id TEXT, metric_name TEXT, metric_value REAL,
    round_number INTEGER, epoch_number INTEGER, step INTEGER, phase TEXT, is_finite INTEGER, non_finite TEXT);
CREATE VIEW training_metrics AS SELECT * FROM training_rows;
"""
HOSTILE = (
    "`touch pwned`",
    "'; system('touch pwned'); '",
    "$(touch pwned) %s %n",
    "x\nEOD\n!touch pwned\n",
    "\x1b[31m\u202eloss",
    "\\'\\",
)


def add_run(database, run_id, names=("loss",), length=120):
    for k in range(length):
        for kind, name, value, unit in (
            ("cpu", "system_total", k % 50, "%"),
            ("cpu", "process_tree", k % 40, "%"),
            ("ram", "system_total", 50.0, "%"),
            ("ram", "process_tree", 500.0 + 2 * k, "MB"),
            ("gpu", "0_utilization", 90 - k % 30, "%"),
            ("gpu", "0_memory", 8000.0 + 40 * k, "MB"),
        ):
            database.execute(
                "INSERT INTO resource_metrics VALUES (NULL, ?, ?, ?, ?, ?, ?, 'box', 7, 1, NULL)",
                (START + k, run_id, kind, name, value, unit),
            )
        for name in names:
            database.execute(
                "INSERT INTO training_rows VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, 'train', 1, NULL)",
                (START + k, run_id, name, 4 / (k + 1), k // 60, k // 20 % 3, k),
            )
    for k in range(10):
        database.execute(
            "INSERT INTO generation_metrics VALUES (NULL, ?, ?, ?, ?, ?, ?, 100, ?, 7)",
            (START + 10 + 5 * k, run_id, names[0] if names[0] != "loss" else "sample", k // 5, k, 1.0 + k, 900.0 + k),
        )


@contextlib.contextmanager
def opened(path, journal="wal"):
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA journal_mode = {journal}")
        database.executescript(SCHEMA)
        yield database
        database.commit()


@pytest.fixture
def file(tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    with opened(folder / "telemetry.sqlite") as database:
        add_run(database, "first")
    return folder / "telemetry.sqlite"


def table_row(text, *beginning):
    """The cells of the first line that begins with the given ones."""
    rows = [line.split() for line in text.splitlines()]
    return next((row for row in rows if row[: len(beginning)] == list(beginning)), None)


def run(binary, *arguments, variables=None, **options):
    return subprocess.run(
        [binary, "analyze", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env=environment(**(variables or {})),
        **options,
    )


def succeed(binary, *arguments, **options):
    done = run(binary, *arguments, **options)
    assert done.returncode == 0 and done.stderr == "", str(done)
    return done.stdout


def fail(binary, *arguments, code=1, **options):
    refused = run(binary, *arguments, **options)
    assert refused.returncode == code, str(refused)
    assert len(refused.stderr.splitlines()) == 1, f"errors are one line: {refused.stderr}"
    return refused.stderr


def assert_drawn(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG" and picture.width == 1600 and 400 <= picture.height <= 4000, picture.size
        colours = picture.convert("RGB").getcolors(1 << 24)
    background = sum(count for count, colour in colours if colour == (255, 255, 255))
    assert len(colours) > 50 and background < 0.97 * sum(count for count, _ in colours), "the plot is not blank"


def test_the_numbers_of_a_report(binary, file):
    report = succeed(binary, file.parent)
    assert "720 resource_metrics, 10 generation_metrics, 120 training_metrics" in report
    assert max(len(line) for line in report.splitlines()[1:]) <= 100
    durations = [1.0 + k for k in range(10)]
    p95 = statistics.quantiles(durations, n=20, method="inclusive")[18]
    row = " ".join(table_row(report, "sample", "all"))
    assert row == f"sample all 10 5.50 s 5.50 s {p95:.2f} s 1000 18.18 904.5 MB 909.0 MB"
    assert table_row(report, "sample", "0")[2:9] == ["5", "3.00", "s", "3.00", "s", "4.80", "s"]
    assert table_row(report, "loss")[1:6] == ["120", "4.000", "0.03333", "0.03333", "4.000"]
    assert table_row(report, "1", "train")[2:7] == ["60", "0.06557", "0.03333", "0.03333", "0.06557"]
    assert table_row(report, "0", "0")[2] == f"{statistics.fmean(4 / (k + 1) for k in range(20)):.4f}"
    assert table_row(report, "ram", "process_tree") == "ram process_tree 120 619.0 619.0 726.1 738.0 MB 0:01:59".split()
    assert table_row(report, "gpu", "0", "memory") == "gpu 0 memory 120 10.38 10.38 12.52 12.76 GB 0:01:59".split()


def test_runs_are_chosen(binary, file, tmp_path):
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("INSERT INTO runs (run_id, status, started_at) VALUES ('first', 'finished', '')")
        for k in range(12):
            database.execute(
                "INSERT INTO training_rows VALUES (NULL, ?, ?, 'loss', 1, 0, 0, 0, 'train', 1, NULL)",
                (START + 1000 + k, f"other-{k}"),
            )
        database.commit()
    report = succeed(binary, file)
    assert "The newest 10 are analysed" in report and "Run other-11" in report and "Run first" not in report
    plot = tmp_path / "first.png"
    only = succeed(binary, file, "--run", "first", "--plot", plot)
    assert "Run first" in only and "other-" not in only
    assert_drawn(plot)
    message = fail(binary, file, "--run", "frist")
    assert "frist" in message and "first" in message, "similar names are given"


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_nothing_is_made_beside_the_database(binary, tmp_path, journal):
    folder = tmp_path / "copy of a database?#%20"
    folder.mkdir()
    file = folder / "telemetry.sqlite"
    with opened(file, journal) as database:
        add_run(database, "first")
    before = file.read_bytes()
    succeed(binary, file, "--plot", tmp_path / "out.png")
    assert os.listdir(folder) == ["telemetry.sqlite"] and file.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == sorted([folder.name, "out.png"]), "the plot leaves nothing else"


def test_a_copy_with_its_log_is_read_whole(binary, tmp_path):
    with opened(tmp_path / "original.sqlite") as database:
        add_run(database, "first")
        database.commit()
        (tmp_path / "copy").mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"original.sqlite{suffix}", tmp_path / "copy" / f"telemetry.sqlite{suffix}")
        live = succeed(binary, tmp_path / "original.sqlite")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    report = succeed(binary, tmp_path / "copy", variables={"TMPDIR": str(temporary)})
    assert table_row(report, "loss") == table_row(live, "loss") is not None
    assert sorted(os.listdir(tmp_path / "copy")) == ["telemetry.sqlite", "telemetry.sqlite-wal"]
    assert os.listdir(temporary) == [], "the private copy is gone"


def test_a_read_only_folder_is_no_obstacle(binary, file):
    # Root may write everywhere, so where the tests run as root a user without rights reads a folder of root.
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    folder = tempfile.mkdtemp()
    try:
        shutil.copy(file, folder)
        shutil.copy(binary, f"{folder}/holdfast")
        os.chmod(f"{folder}/telemetry.sqlite", 0o444)
        os.chmod(folder, 0o555)
        report = succeed(f"{folder}/holdfast", f"{folder}/telemetry.sqlite", **user)
        assert table_row(report, "loss")
        assert sorted(os.listdir(folder)) == ["holdfast", "telemetry.sqlite"]
    finally:
        os.chmod(folder, 0o755)
        shutil.rmtree(folder)


def test_a_server_may_be_writing(server, connection, binary):
    append(connection, *(loss(k, 1.0 / (k + 1), phase="train") for k in range(50)), run_id="live")
    before = sorted(os.listdir(server.database.parent))
    report = succeed(binary, server.data)
    assert table_row(report, "loss")[1:4] == ["50", "1.000", "0.02000"]
    assert sorted(os.listdir(server.database.parent)) == before
    append(connection, loss(50, 7.0, phase="train"), run_id="live")
    assert table_row(succeed(binary, server.database), "loss")[1] == "51", "the log beside the database counts"


def test_hostile_names_do_nothing(binary, tmp_path):
    file = tmp_path / "telemetry.sqlite"
    with opened(file) as database:
        for name in HOSTILE:
            add_run(database, name, names=(name, f"loss {name}"))
    before = sorted(os.listdir(tmp_path))
    for number, name in enumerate(HOSTILE):
        plot = tmp_path / f"{number}.png"
        report = succeed(binary, file, "--run", name, "--plot", plot, cwd=tmp_path)
        assert "\x1b" not in report and "\u202e" not in report
        assert_drawn(plot)
        plot.unlink()
    assert sorted(os.listdir(tmp_path)) == before


def test_what_can_not_be_analysed_is_said_in_a_line(binary, file, tmp_path):
    assert "missing.sqlite" in fail(binary, tmp_path / "missing.sqlite")
    assert "telemetry.sqlite" in fail(binary, tmp_path)
    (tmp_path / "text").write_text("no database\n" * 1000)
    assert "not an SQLite database" in fail(binary, tmp_path / "text")
    with contextlib.closing(sqlite3.connect(tmp_path / "other.sqlite")) as database:
        database.execute("CREATE TABLE something (else_ TEXT)")
    assert "resource_metrics" in fail(binary, tmp_path / "other.sqlite")
    (tmp_path / "half.sqlite").write_bytes(file.read_bytes()[:20000])
    assert "damaged" in fail(binary, tmp_path / "half.sqlite", code=4)
    assert "overwrite" in fail(binary, file, "--plot", file, code=2)
    assert "becomes a PNG" in fail(binary, file, "--plot", tmp_path / "out.jpg", code=2)
    assert "folder" in fail(binary, file, "--plot", tmp_path / "nowhere" / "out.png")


def test_without_gnuplot_the_error_says_what_to_install(binary, file, tmp_path):
    (tmp_path / "bin").mkdir()
    message = fail(binary, file, "--plot", tmp_path / "out.png", variables={"PATH": str(tmp_path / "bin")})
    assert "gnuplot is not installed; apt-get install gnuplot-nox" in message
    assert not (tmp_path / "out.png").exists()


def test_empty_tables_are_said(binary, tmp_path):
    file = tmp_path / "telemetry.sqlite"
    with opened(file) as database:
        database.execute("INSERT INTO runs (run_id, status, started_at) VALUES ('idle', 'running', '')")
    report = succeed(binary, file)
    assert "Training: nothing in training_metrics" in report and "Resources: nothing in resource_metrics" in report
    assert "nothing to plot" in fail(binary, file, "--plot", tmp_path / "out.png")


def test_the_runs_of_the_server_itself_are_none(binary, server, connection):
    connection.call("runs.start", {"run_id": "mine"})
    row = {"table": "training_metrics", "metric_name": "loss", "metric_value": 1.0, "step": 1}
    Producer(connection).call("metrics.append", {"run_id": "mine", "rows": [row]})
    server.stop()
    report = subprocess.run([binary, "analyze", server.data], capture_output=True, text=True, timeout=60).stdout
    assert re.search(r"^Runs +1$", report, re.M), report
