"""Everybody at once: nothing fails, nothing acknowledged is missing, nothing is left behind."""

import collections
import contextlib
import os
import sqlite3
import statistics
import subprocess

import pytest

import crowd
from server import environment
from waiting import eventually

#: The sockets of a server without clients: not counted at its start, when it has others for a moment, of a child.
DOORS = 2
#: What the pools of the database's readers and of array files may take beyond what the first clients needed.
MOST_POOLED = 32


def descriptors(server):
    """What the server's descriptors lead to: files by name, sockets and the like by kind."""
    folder, found = f"/proc/{server.process.pid}/fd", []
    for number in os.listdir(folder):
        # One may be closed between the two looks.
        with contextlib.suppress(FileNotFoundError):
            found.append(os.readlink(f"{folder}/{number}").partition("[")[0])
    return collections.Counter(found)


def await_departures(server):
    """Waits until no socket is left of clients that are gone, and says what is open then."""
    try:
        eventually(lambda: descriptors(server)["socket:"] == DOORS, "the sockets of clients that left are closed")
    except AssertionError as error:
        raise AssertionError(f"{error}; open are {dict(descriptors(server))}, connections: {connections(server)}") from None
    return descriptors(server)


def connections(server):
    """How many connections each door has, by their states as in Linux's tcp_states.h."""
    doors, found = {server.tcp[1]: "tcp", server.http[1]: "http"}, collections.Counter()
    with open("/proc/net/tcp") as table:
        for fields in [line.split() for line in table.readlines()[1:]]:
            if door := doors.get(int(fields[1].rpartition(":")[2], 16)):
                found[f"{door} in state {int(fields[3], 16)}"] += 1
    return dict(found)


def check_descriptors(server, before):
    """No socket is left of clients that are gone, and of files only what pools keep open, however many calls there were."""
    more = await_departures(server) - before
    assert more.total() <= MOST_POOLED, f"more descriptors than before: {dict(more)}"


def rows(server, query):
    with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


@pytest.mark.timeout(0)
def test_a_crowd_loses_nothing_and_leaves_nothing_behind(make_server, binary, is_long):
    seconds, pace = (3600, 2.0) if is_long else (25, 1.0)
    server = make_server("--web", crowd.WEB, "--durability", "process")
    crowd.prepare(server, crowd.images_needed(5, pace) + crowd.images_needed(seconds, pace))

    # The first ones fill pools and caches, which stay.
    whole = crowd.gather(server, 5, pace)
    open_before = await_departures(server)
    memory = []
    whole.add(crowd.gather(server, seconds, pace, lambda: memory.append(server.resident_mib)))

    assert whole.errors == [], f"{len(whole.errors)} clients failed, the first: {whole.errors[:5]}"
    for method in sorted(whole.spent):
        middle, high = whole.percentiles(method)
        print(f"{method:28} {len(whole.spent[method]):7} calls, p50 {middle:8.2f} ms, p99 {high:8.2f} ms")
    print(f"memory, MiB: {', '.join(f'{value:.0f}' for value in memory[:: max(1, len(memory) // 30)])}")
    check_descriptors(server, open_before)
    check_memory(memory)
    check_labels(server, whole)
    check_runs(server, whole)

    server.stop()
    verified = subprocess.run(
        [binary, "verify", "--data", server.data], env=environment(), capture_output=True, text=True, timeout=600
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


def check_memory(memory):
    """Once the caches are full it stays: the last third against the one before."""
    third = len(memory) // 3
    earlier, later = statistics.median(memory[third : 2 * third]), statistics.median(memory[2 * third :])
    assert later - earlier < max(40, earlier / 4), f"memory grew from {earlier:.0f} to {later:.0f} MiB: {memory}"


def check_labels(server, whole):
    """The labels are those that were acknowledged, each of them once."""
    stored = dict(rows(server, "SELECT id, has_biopsy_tool FROM labels WHERE has_biopsy_tool IS NOT NULL"))
    assert stored == whole.labels
    events = rows(server, "SELECT count(*), count(DISTINCT image_id) FROM label_events WHERE kind = 'set'")
    assert events == [(len(whole.labels), len(whole.labels))]
    assert rows(server, "SELECT count(*) FROM labels WHERE skipped_at IS NOT NULL") == [(whole.counts["skips"],)]


def check_runs(server, whole):
    """Steps and metrics are as many as were acknowledged, and the frames are those that were sent."""
    prepared = crowd.TRAINERS * crowd.BATCH
    assert rows(server, "SELECT count(*) FROM steps") == [(whole.counts["steps"] + prepared,)]
    left = whole.counts["metrics"] + 2 * prepared - whole.counts["pruned"]
    assert rows(server, "SELECT count(*) FROM training_metrics") == [(left,)]
    with server.connect() as connection:
        for run in range(crowd.TRAINERS):
            name = crowd.run_name(run)
            count = connection.call("runs.get", {"run_id": name})["steps"]
            chosen = sorted({0, count // 3, count // 2, count - 1})
            asked = {"refs": [f"h5://{name}/frames/{row}" for row in chosen]}
            for row, frame in zip(chosen, connection.call("frames.resolve", asked)["frames"]):
                assert (frame == crowd.picture(run, row)).all(), f"frame {row} of {name}"
