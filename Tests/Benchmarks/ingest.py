"""Sends steps in pipelined columnar batches and waits for every acknowledgement."""

import json
import struct
import time

import numpy

from codecs_of_rows import lzf_row
from wire import Producer, Strings, encode

BATCH = 100
WINDOW = 8


def compressed_rows(recording):
    """Every frame and observation of the recording as an LZF row, made once: a trainer does this beside its work."""
    return {
        "frame": [lzf_row(frame.tobytes()) for frame in recording.frames],
        "observation": [lzf_row(observation.tobytes()) for observation in recording.observations],
    }


class Ingest:
    """One run, filled as fast as the server acknowledges."""

    def __init__(self, server, recording, run_id, episode, packed=None, without=()):
        self.connection, self.recording, self.run_id = server.connect(), recording, run_id
        self.episode, self.packed, self.without = episode, packed, without
        self.producer = Producer(self.connection).id
        self.connection.call("runs.start", {"run_id": run_id, "compression": "lzf"})

    def run(self, steps):
        """Steps per second from the first byte to the last acknowledgement."""
        before, acknowledged, batches = time.perf_counter(), 0, steps // BATCH
        for seq in range(1, batches + 1):
            self.send(seq)
            if seq - acknowledged >= WINDOW:
                acknowledged = self.acknowledge(acknowledged)
        while acknowledged < batches:
            acknowledged = self.acknowledge(acknowledged)
        rate = steps / (time.perf_counter() - before)
        self.connection.close()
        return rate

    def acknowledge(self, acknowledged):
        answer = self.connection.receive()
        expected = {"stored": BATCH, "first_index": acknowledged * BATCH}
        assert answer.get("result") == expected, f"batch {acknowledged + 1}: {answer}"
        return acknowledged + 1

    def send(self, seq):
        """Writes the large arrays straight from numpy's memory."""
        start = (seq - 1) * BATCH
        numbers = numpy.arange(start, start + BATCH)
        rows = numbers % len(self.recording)
        attachments = []
        columns = encode(self.scalars(numbers, rows), attachments)
        for name, source in (("frame", self.recording.frames), ("observation", self.recording.observations)):
            if name in self.without:
                continue
            columns[name] = self.arrays(name, source, rows, attachments)
        params = {"run_id": self.run_id, "count": BATCH, "columns": columns, "producer": self.producer, "seq": seq}
        message = {"jsonrpc": "2.0", "id": seq, "method": "steps.append", "params": params}
        message["attachments"] = [len(attachment) for attachment in attachments]
        payload = json.dumps(message, separators=(",", ":")).encode()
        self.connection.socket.sendall(struct.pack(">I", len(payload)) + payload)
        for attachment in attachments:
            self.connection.socket.sendall(attachment)

    def scalars(self, numbers, rows):
        return {
            "episode_id": Strings(f"{self.run_id}/{number // self.episode}" for number in numbers.tolist()),
            "step_index": numbers % self.episode,
            "action": self.recording.actions[rows],
            "reward": self.recording.rewards[rows],
            "terminated": self.recording.terminated[rows],
            "truncated": self.recording.truncated[rows],
            "timestamp": 1e9 + numbers / 60,
        }

    def arrays(self, name, source, rows, attachments):
        described = {
            "dtype": source.dtype.name,
            "shape": [len(rows), *source.shape[1:]],
            "attachment": len(attachments),
        }
        if self.packed is None:
            attachments.append(memoryview(numpy.ascontiguousarray(source[rows])).cast("B"))
            return described
        packed = [self.packed[name][row] for row in rows]
        attachments.append(b"".join(packed))
        return described | {"encoding": "lzf", "row_bytes": [len(row) for row in packed]}
