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
    """Makes reads or changes of a server's files fail while a block runs."""

    _SIZE = 264

    def __init__(self, folder):
        super().__init__("failing_files", folder, self._SIZE)

    @contextlib.contextmanager
    def reads(self, part):
        """Reads of files whose path has the part fail with EIO."""
        with self._failing(part, errno.EIO, 0):
            yield

    @contextlib.contextmanager
    def changes(self, part):
        """Nothing whose path has the part can be written, made, renamed or removed: EROFS."""
        with self._failing(part, 0, errno.EROFS):
            yield

    @property
    def count(self):
        """How many calls have failed."""
        return struct.unpack_from("<q", self._page, 256)[0]

    @contextlib.contextmanager
    def _failing(self, part, reads, changes):
        # The part first: it counts from the moment of the numbers on.
        struct.pack_into("<248s", self._page, 8, str(part).encode())
        struct.pack_into("<ii", self._page, 0, reads, changes)
        try:
            yield
        finally:
            struct.pack_into("<ii", self._page, 0, 0, 0)


class JumpingClock(_Told):
    """Sets a server's wall clock."""

    def __init__(self, folder):
        super().__init__("jumping_clock", folder, 8)

    def set(self, seconds):
        """So many seconds ahead of the true time, or behind it."""
        struct.pack_into("<q", self._page, 0, int(seconds * 1e9))
