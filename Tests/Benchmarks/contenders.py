"""Ways of keeping steps without a server: rows with blobs in SQLite, and h5py files."""

import json
import os
import sqlite3

import h5py
import numpy

BATCH = 100
_SCALARS = (("actions", "i4"), ("rewards", "f8"), ("dones", "?"))


def batches(steps):
    return [range(start, min(start + BATCH, steps)) for start in range(0, steps, BATCH)]


class Blobs:
    """A row for each step with its frame in it, committed a batch at a time: as JSON text, or as the bytes themselves."""

    def __init__(self, folder, name, as_json):
        self.name, self.as_json, self.path = name, as_json, folder / f"{name.replace(' ', '-')}.sqlite"
        self.is_quick = not as_json
        self.database = sqlite3.connect(self.path)
        self.database.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE steps (id INTEGER PRIMARY KEY, action INTEGER, reward REAL, done INTEGER, frame BLOB);"
        )

    def write(self, recording, steps):
        for rows in batches(steps):
            self.database.executemany("INSERT INTO steps VALUES (?, ?, ?, ?, ?)", [self._row(recording, k) for k in rows])
            self.database.commit()

    def _row(self, recording, k):
        at = k % len(recording)
        frame = recording.frames[at]
        stored = json.dumps(frame.tolist()) if self.as_json else frame.tobytes()
        return k, int(recording.actions[at]), float(recording.rewards[at]), bool(recording.terminated[at]), stored

    def close(self):
        self.database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def episode(self, rows, shape):
        query = "SELECT action, reward, done, frame FROM steps WHERE id >= ? AND id < ? ORDER BY id"
        found = self.database.execute(query, (rows.start, rows.stop)).fetchall()
        return numpy.stack([self._frame(row[3], shape) for row in found])

    def batch(self, chosen, shape):
        query = f"SELECT frame FROM steps WHERE id IN ({','.join('?' * len(chosen))}) ORDER BY id"
        return numpy.stack([self._frame(row[0], shape) for row in self.database.execute(query, [int(k) for k in chosen])])

    def _frame(self, stored, shape):
        if self.as_json:
            return numpy.array(json.loads(stored), numpy.uint8)
        return numpy.frombuffer(stored, numpy.uint8).reshape(shape)

    @property
    def files(self):
        return [self.path]


class Chunks:
    """An h5py file, flushed after each batch."""

    def __init__(self, folder, name, compression, rows_per_chunk):
        self.name, self.path = name, folder / f"{name.replace(' ', '-')}.h5"
        self.options = {"compression": compression} if compression else {}
        if compression == "gzip":
            self.options["compression_opts"] = 4
        self.rows_per_chunk, self.is_quick = rows_per_chunk, rows_per_chunk == 1

    def write(self, recording, steps):
        shape = recording.frames.shape[1:]
        with h5py.File(self.path, "w", libver="latest") as file:
            chunks = (self.rows_per_chunk, *shape)
            frames = file.create_dataset("frames", (0, *shape), "u1", maxshape=(None, *shape), chunks=chunks, **self.options)
            scalars = {name: file.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(1024,)) for name, kind in _SCALARS}
            sources = {"actions": recording.actions, "rewards": recording.rewards, "dones": recording.terminated}
            for rows in batches(steps):
                at = numpy.arange(rows.start, rows.stop) % len(recording)
                for dataset, source in [(frames, recording.frames)] + [(scalars[name], sources[name]) for name in scalars]:
                    dataset.resize(rows.stop, axis=0)
                    dataset[rows.start : rows.stop] = source[at]
                file.flush()

    def close(self):
        self.file = h5py.File(self.path, "r")

    def episode(self, rows, shape):
        for name, _ in _SCALARS:
            self.file[name][rows.start : rows.stop]
        return self.file["frames"][rows.start : rows.stop]

    def batch(self, chosen, shape):
        return self.file["frames"][chosen]

    @property
    def files(self):
        return [self.path]


def drop_from_cache(files):
    """The next read of these files comes from the disk."""
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        os.fdatasync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
