"""The memory of large requests: used for one after the other, bounded while they come, given back afterwards."""

import re
import threading

import numpy
from waiting import eventually
from wire import Producer, Strings, frame

MIB = 1 << 20
CONNECTIONS = 6
REQUESTS = 8
ROWS = 30
SHAPE = (210, 160, 3)


def pictures(run, first, kind):
    """Frames of 3 MB a request, that can be compressed or that can not."""
    if kind == "noise":
        dice = numpy.random.default_rng([run, first])
        return dice.integers(0, 256, (ROWS, *SHAPE), numpy.uint8)
    return numpy.broadcast_to((run + first + numpy.arange(ROWS))[:, None, None, None], (ROWS, *SHAPE)).astype(numpy.uint8)


def steps(run, first, kind):
    rows = numpy.arange(first, first + ROWS)
    columns = {
        "episode_id": Strings([f"{kind}-{run}/0"] * ROWS),
        "step_index": rows,
        "reward": rows / 7,
        "terminated": numpy.zeros(ROWS, bool),
        "truncated": numpy.zeros(ROWS, bool),
        "action": numpy.stack([rows, run + rows], axis=1).astype(numpy.float32),
        "frame": pictures(run, first, kind),
    }
    return {"run_id": f"{kind}-{run}", "count": ROWS, "columns": columns}


def fill(server, run, kind):
    """Sends all requests of a run before it looks at an answer."""
    with server.connect() as connection:
        connection.call("runs.start", {"run_id": f"{kind}-{run}", "compression": "lzf"})
        producer = Producer(connection)
        ids = [producer.send("steps.append", steps(run, first * ROWS, kind)) for first in range(REQUESTS)]
        for place, id in enumerate(ids):
            assert connection.wait(id)["first_index"] == place * ROWS


def fill_all(server, kind):
    threads = [threading.Thread(target=fill, args=(server, run, kind)) for run in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_requests_that_share_memory_keep_their_own_rows(server):
    """Rows that can't be compressed stay in their request's memory until they are written."""
    for kind in ("noise", "plain"):
        fill_all(server, kind)
        with server.connect() as connection:
            for run in range(CONNECTIONS):
                for first in range(0, REQUESTS * ROWS, ROWS):
                    refs = [f"h5://{kind}-{run}/frames/{row}" for row in range(first, first + ROWS)]
                    found = connection.call("frames.resolve", {"refs": refs, "stack": True})["frames"]
                    assert (found == pictures(run, first, kind)).all(), f"run {run}, rows from {first}"


def test_the_memory_of_a_burst_goes_back(make_server):
    server = make_server()
    before = server.resident_mib
    fill_all(server, "noise")
    # 144 MB of requests; what a server that works keeps besides is less than this.
    eventually(lambda: server.resident_mib - before < 64, "the memory of requests is given back", within=30)


def received(server):
    return int(re.search(r'holdfast_received_bytes_total\{door="tcp"\} (\d+)', server.get("/metrics")[2].decode())[1])


def test_a_large_frame_may_come_in_small_parts(make_server):
    """The server is not told of each part by itself, but a client that is slow is no client that is silent."""
    server = make_server()
    with server.connect(timeout=60) as connection:
        before = received(server)
        message = frame({"jsonrpc": "2.0", "id": 7, "method": "server.ping", "params": {}}, [bytes(MIB)])
        sent = 0
        for end in (len(message) - MIB + 100_000, len(message) - MIB + 150_000):
            connection.send_bytes(message[sent:end])
            sent = end
            eventually(lambda: received(server) == before + sent, "what has come is taken in", within=30)
        connection.send_bytes(message[sent:])
        connection.wait(7)
