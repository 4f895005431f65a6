"""Small libraries in C that come between a server and its system, and what a test tells them."""

import contextlib
import errno
import mmap
import struct
import subprocess
from pathlib import Path


def build(name, folder):
    """Compiles NAME.c of this folder for LD_PRELOAD."""
    library, source = folder / f"{name}.so", Path(__file__).parent / f"{name}.c"
    command = ["gcc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source, "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return library


class _Told:
    """A library, and the file in which it looks up what it is to do."""

    def __init__(self, name, folder, size):
        folder.mkdir(exist_ok=True)
        path = folder / name
        path.write_bytes(bytes(size))
        with open(path, "r+b") as file:
            self._page = mmap.mmap(file.fileno(), size)
        #: The environment of a process that is to have it.
        self.variables = {"LD_PRELOAD": str(build(name, folder)), name.upper(): str(path)}


class FailingFiles(_Told):
    """Makes reads, changes or syncs of a server's files fail while a block runs."""

    _SIZE = 264

    def __init__(self, folder):
        super().__init__("failing_files", folder, self._SIZE)

    @contextlib.contextmanager
    def reads(self, part):
        """Reads of files whose path has the part fail with EIO."""
        with self._failing(part, reads=errno.EIO):
            yield

    @contextlib.contextmanager
    def changes(self, part):
        """Nothing whose path has the part can be written, made, renamed or removed: EROFS."""
        with self._failing(part, changes=errno.EROFS):
            yield

    @contextlib.contextmanager
    def syncs(self, part):
        """What is written to files whose path has the part does not reach the disk: EIO, when that is asked for."""
        with self._failing(part, syncs=errno.EIO):
            yield

    @property
    def count(self):
        """How many calls have failed."""
        return struct.unpack_from("<q", self._page, 256)[0]

    @contextlib.contextmanager
    def _failing(self, part, reads=0, changes=0, syncs=0):
        # The part first: it counts from the moment of the numbers on.
        struct.pack_into("<240s", self._page, 16, str(part).encode())
        struct.pack_into("<iii", self._page, 0, reads, changes, syncs)
        try:
            yield
        finally:
            struct.pack_into("<iii", self._page, 0, 0, 0, 0)


class JumpingClock(_Told):
    """Sets a server's wall clock."""

    def __init__(self, folder):
        super().__init__("jumping_clock", folder, 8)

    def set(self, seconds):
        """So many seconds ahead of the true time, or behind it."""
        struct.pack_into("<q", self._page, 0, int(seconds * 1e9))
