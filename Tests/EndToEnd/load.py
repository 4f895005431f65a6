"""Steps in every form that the server takes, sent without a pause until the server is gone."""

import contextlib
import dataclasses
import sqlite3
import time
import uuid

import h5py

from codecs_of_rows import CompressedRows
from replay import assert_same_arrays, refs
from waiting import ends
from wire import Closed

BATCH = 4
WINDOW = 24
# Runs by name: the compression of their file, and in what form the client sends their rows.
KINDS = {
    "none": ("none", None),
    "lzf": ("lzf", None),
    "gzip": ("gzip-4", None),
    "lzf-as-it-came": ("lzf", "lzf"),
    "gzip-as-it-came": ("gzip-1", "zlib"),
    "gzip-from-lzf": ("gzip-9", "lzf"),
}
RUNS = list(KINDS)


class Trainer:
    """Sends batches of real steps to all runs in turn for as long as the server lives; remembers what was acknowledged.

    A run has the recording over and over, each round of it with episodes of its own.
    """

    def __init__(self, recording):
        self.recording = dataclasses.replace(recording, observations=recording.observations[..., 3])
        self.packed = {
            encoding: {
                "frame": CompressedRows(self.recording.frames, encoding),
                "observation": CompressedRows(self.recording.observations, encoding),
            }
            for encoding in ("lzf", "zlib")
        }
        self.producer = str(uuid.uuid4())
        self.acknowledged = 0

    def start_runs(self, connection):
        """Starts or resumes all runs; whether they were there."""
        started = [
            connection.call("runs.start", {"run_id": run, "compression": compression})
            for run, (compression, _) in KINDS.items()
        ]
        return [result["resumed"] for result in started]

    def request(self, seq):
        turn, place = divmod(seq - 1, len(RUNS))
        run = RUNS[place]
        rounds, at = divmod(turn * BATCH, len(self.recording))
        rows = slice(at, at + BATCH)
        columns = self.recording.columns(rows, prefix=f"{run}/{rounds}/")
        encoding = KINDS[run][1]
        if encoding:
            columns |= {name: packed[rows] for name, packed in self.packed[encoding].items()}
        return {"run_id": run, "count": BATCH, "columns": columns, "producer": self.producer, "seq": seq}

    def rows(self, run, seq):
        """How many steps of a run the first `seq` batches have."""
        return (seq + len(RUNS) - 1 - RUNS.index(run)) // len(RUNS) * BATCH

    def train(self, connection, end, moment):
        """Keeps WINDOW requests in flight, calls `end` after `moment` seconds, reads until the stream ends."""
        deadline, ended = time.monotonic() + moment, False
        sent, seqs = self.acknowledged, {}
        with contextlib.suppress(Closed, BrokenPipeError, ConnectionResetError):
            while True:
                while not ended and sent - self.acknowledged < WINDOW and time.monotonic() < deadline:
                    sent += 1
                    seqs[connection.send("steps.append", self.request(sent))] = sent
                if not ended and time.monotonic() >= deadline:
                    end()
                    ended = True
                self._take(connection, seqs, deadline, ended)
        assert ended, "the server closed the connection before its end"
        return sent

    def _take(self, connection, seqs, deadline, ended):
        """One acknowledgement; before the end at most until the deadline."""
        patience = connection.socket.gettimeout()
        connection.socket.settimeout(10 if ended else max(0.001, deadline - time.monotonic()))
        try:
            message = connection.receive()
        except TimeoutError:
            assert not ended, "the stream of a killed server must end"
            return
        finally:
            # The deadline is for waiting only: what is being sent may take a busy server longer.
            connection.socket.settimeout(patience)
        self._note(seqs[message["id"]], message)

    def _note(self, seq, message):
        assert "result" in message, f"batch {seq} was refused: {message}"
        assert seq == self.acknowledged + 1, "acknowledgements come in order"
        result, first = message["result"], (seq - 1) // len(RUNS) * BATCH
        assert result["stored"] == BATCH and result["first_index"] == first, f"batch {seq}: {result}"
        self.acknowledged = seq

    def resend(self, connection, sent, last_seq):
        """Sends again what was not acknowledged; only what the server already had is a duplicate."""
        ids = {
            connection.send("steps.append", self.request(seq)): seq for seq in range(self.acknowledged + 1, sent + 1)
        }
        for id, seq in ids.items():
            result = connection.wait(id)
            assert result.get("duplicate", False) == (seq <= last_seq), f"batch {seq}, last_seq {last_seq}: {result}"
            self._note(seq, {"result": result})

    # What the server has

    def check_rows(self, connection, run, rows):
        """The arrays of these rows, bit for bit, through their references."""
        at = [k % len(self.recording) for k in rows]
        for dataset, source in (("frames", self.recording.frames), ("observations", self.recording.observations)):
            asked = {"refs": refs(run, dataset, rows), "stack": True}
            found = connection.call("frames.resolve", asked)["frames"]
            assert_same_arrays(found, source[at], f"{run}/{dataset} {rows[0]}…{rows[-1]}")

    def check_table(self, server, run):
        """Every stored step of a run is a row, once, with its own references; how many there are."""
        with contextlib.closing(sqlite3.connect(f"file:{server.database}?mode=ro", uri=True)) as database:
            stored = database.execute(
                "SELECT episode_id, step_index, action, reward, frame_ref, obs_ref FROM steps WHERE run_id = ?"
                " ORDER BY rowid",
                (run,),
            ).fetchall()
        recording, size = self.recording, len(self.recording)
        for k, row in enumerate(stored):
            at = k % size
            step = (f"{run}/{k // size}/{recording.episodes[at]}", recording.indices[at], recording.actions[at])
            expected = (*step, recording.rewards[at], f"h5://{run}/frames/{k}", f"h5://{run}/observations/{k}")
            assert row == expected, f"row {k} of {run}"
        return len(stored)

    def check_file(self, server, run, rows):
        """Plain h5py opens the file that the killed server left and finds the acknowledged rows; false where it waits for ever
        for metadata that the kill has left half written, and that the next start mends."""
        return not rows or ends(lambda: self._check_file(server, run, rows), within=30)

    def _check_file(self, server, run, rows):
        with h5py.File(server.run_file(run), "r", libver="latest", swmr=True) as file:
            assert len(file["frames"]) >= rows[-1] + 1
            found = file["frames"][rows[0] : rows[-1] + 1]
        expected = self.recording.frames[[k % len(self.recording) for k in rows]]
        assert_same_arrays(found, expected, f"frames of {run} read by h5py")
