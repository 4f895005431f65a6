"""One producer's spool on disk: a folder named after it, with segments, the state of their delivery, and two locks."""

from __future__ import annotations

import fcntl
import os
import re
import time
import uuid
from typing import Any, Dict, List, Optional, Set

from ..wire.values import dumps

WRITER_LOCK = "writer.lock"
SENDER_LOCK = "sender.lock"
#: Of the names of spools that are being made or removed.
NEW_PREFIX = "new-"
#: So many refused requests are kept.
MOST_REJECTED = 1000

_SEGMENT = re.compile(r"^([0-9a-f]{16})\.segment$")

# Descriptors of locks that this process holds: a child of fork() closes them, or it would keep them locked.
_held: Set[int] = set()


def segment_name(base: int) -> str:
    """The file of the segment whose first record is at a place."""
    return f"{base:016x}.segment"


def lock(path: str, kind: int = fcntl.LOCK_EX) -> Optional[int]:
    """Takes a lock on a file, made if need be; None if somebody else has it. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    _held.add(descriptor)
    return descriptor


def unlock(descriptor: int) -> None:
    """Gives a lock back."""
    if descriptor in _held:  # else a fork has closed it
        _held.discard(descriptor)
        os.close(descriptor)


def _close_in_child() -> None:
    for descriptor in _held:
        os.close(descriptor)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)


def make_folder(path: str) -> None:
    """Makes a folder and those above it, for this user alone; raises OSError."""
    if not os.path.isdir(path):
        make_folder(os.path.dirname(path) or ".")
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            if not os.path.isdir(path):
                raise


def allocate(descriptor: int, size: int) -> None:
    """Gives a file all its blocks now: a store into a hole on a full disk would kill the process. Raises OSError."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
        return
    for place in range(0, size, 1 << 20):  # macOS
        os.pwrite(descriptor, bytes(min(1 << 20, size - place)), place)


def names(folder: str) -> List[str]:
    """The names in a folder; none if it isn't there."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


class SpoolFolder:
    """A spool's folder, whoever writes or sends it."""

    def __init__(self, path: str) -> None:
        self.path = path

    @staticmethod
    def all(directory: str) -> List["SpoolFolder"]:
        """The spools in a directory; none if it can't be read."""
        try:
            return SpoolFolder.found(directory)
        except OSError:
            return []

    @staticmethod
    def found(directory: str) -> List["SpoolFolder"]:
        """The spools in a directory; raises OSError if it can't be read."""
        paths = [f"{directory}/{name}" for name in sorted(os.listdir(directory)) if _is_spool(name)]
        return [SpoolFolder(path) for path in paths if not os.path.isfile(path)]

    def is_spool(self) -> bool:
        """Whether this is a spool, and not the directory of some."""
        files = names(self.path)
        return _is_spool(self.name) and ("state" in files or any(_SEGMENT.match(name) for name in files))

    @staticmethod
    def remove_unfinished(directory: str) -> None:
        """Removes spools whose process was killed while it made or removed them: nothing is kept in them."""
        for name in names(directory):
            folder = SpoolFolder(f"{directory}/{name}")
            # One that is new may have a process that has not taken its lock yet.
            if name.startswith(NEW_PREFIX) and folder._age() > 60:
                try:
                    descriptor = None if folder.bases() else lock(f"{folder.path}/{WRITER_LOCK}")
                except OSError:
                    continue
                if descriptor is not None:
                    folder.remove()
                    unlock(descriptor)

    def _age(self) -> float:
        try:
            return time.time() - os.stat(self.path).st_mtime
        except OSError:
            return 0.0

    @property
    def name(self) -> str:
        """The UUID under which it began."""
        return os.path.basename(self.path)

    def bases(self) -> List[int]:
        """The places where segments begin, in order; none if the folder isn't there. Raises OSError if it can't be read."""
        try:
            found = [_SEGMENT.match(name) for name in os.listdir(self.path)]
        except FileNotFoundError:
            return []
        return sorted(int(match[1], 16) for match in found if match)

    def is_blank(self) -> bool:
        """Whether nothing was ever kept in it: only the files that a spool begins and ends with are there."""
        try:
            files = os.listdir(self.path)
        except OSError:
            return False
        return all(name in ("state", SENDER_LOCK, WRITER_LOCK) or name.startswith("spare-") for name in files)

    def size(self) -> int:
        """What its files take on the disk."""
        total = 0
        for name in names(self.path):
            try:
                total += os.stat(f"{self.path}/{name}").st_blocks * 512
            except OSError:
                pass
        return total

    def is_locked(self, name: str) -> bool:
        """Whether a process, this one too, holds a lock of it."""
        try:
            # Shared: of two that ask at the same time neither is taken for its holder.
            descriptor = lock(f"{self.path}/{name}", fcntl.LOCK_SH)
        except OSError:
            return True
        if descriptor is None:
            return True
        unlock(descriptor)
        return False

    def is_abandoned(self) -> bool:
        """Whether no process appends any more."""
        return not self.is_locked(WRITER_LOCK)

    def remove_segments(self, before: int) -> None:
        """Removes the segments that end before a place, but not the one that is written; raises OSError."""
        bases = self.bases()
        for base, following in zip(bases, bases[1:]):
            if following <= before:
                _remove(f"{self.path}/{segment_name(base)}")

    def set_aside(self) -> str:
        """Renames a spool that can't be read to its end, so that nobody tries again; returns where it is now. Raises OSError."""
        place = f"{os.path.dirname(self.path)}/damaged-{self.name}"
        os.rename(self.path, place)
        return place

    def keep_rejected(self, name: str, frame: bytes, error: Dict[str, Any]) -> Optional[str]:
        """Keeps a request that the server refused for its content, with the server's words; returns the folder where it lies,
        None if it is not kept: there are enough, or the disk is full."""
        folder = f"{os.path.dirname(self.path)}/rejected"
        try:
            make_folder(folder)
            if len(names(folder)) >= 2 * MOST_REJECTED:
                return None
            for ending, data in (("frame", frame), ("error.json", dumps(error))):
                with open(f"{folder}/{self.name}-{name}.{ending}", "wb") as file:
                    file.write(data)
        except OSError:
            return None
        return folder

    def remove(self) -> None:
        """Removes the spool, its segments first."""
        for name in names(self.path):
            if _SEGMENT.match(name):
                _remove(f"{self.path}/{name}")
        path = self.path
        if not self.name.startswith(NEW_PREFIX):
            path = f"{os.path.dirname(self.path)}/{NEW_PREFIX}{self.name}"
            try:
                # Who asks for a lock makes its file where there is none: not in a folder that is to be empty.
                os.rename(self.path, path)
            except OSError:
                path = self.path
        for name in names(path):
            _remove(f"{path}/{name}")
        try:
            os.rmdir(path)
        except OSError:
            pass


def _is_spool(name: str) -> bool:
    if len(name) != 36:
        return False
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def blamed(directory: str) -> str:
    """A directory, and the variable that names it where one does."""
    return f"{directory} (HOLDFAST_SPOOL)" if directory == os.environ.get("HOLDFAST_SPOOL") else directory


def standard_directory() -> str:
    """Where spools are when nobody says so: HOLDFAST_SPOOL, or the user's state folder."""
    path = os.environ.get("HOLDFAST_SPOOL")
    if path:
        return path
    for variable, rest in (("XDG_STATE_HOME", "holdfast/spool"), ("HOME", ".local/state/holdfast/spool")):
        value = os.environ.get(variable, "")
        if value.startswith("/") and value != "/":
            return f"{value}/{rest}"
    return f"/tmp/holdfast-spool-{os.getuid()}"
