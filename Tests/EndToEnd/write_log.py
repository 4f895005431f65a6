"""What a server wrote, in order, and its files as they stood after any of these writes: killed, or after power loss."""

import struct

_HEAD = struct.Struct("<cIIQQ")
_PAGE = 4096


class WriteLog:
    """The operations of a log, each with where in the log it ends."""

    def __init__(self, operations):
        self.operations = operations

    @classmethod
    def read(cls, path):
        operations, data, at = [], path.read_bytes(), 0
        while at < len(data):
            kind, path_size, second_size, offset, size = _HEAD.unpack_from(data, at)
            at += _HEAD.size
            name, second = data[at : at + path_size].decode(), data[at + path_size : at + path_size + second_size].decode()
            at += path_size + second_size
            operations.append((kind.decode(), name, second, offset, data[at : at + size], at + size))
            at += size
        return cls(operations)

    def cuts(self, place):
        """Where a kill can end an operation halfway: a write between two pages of memory."""
        kind, _, _, offset, data, _ = self.operations[place]
        return range(_PAGE - offset % _PAGE, len(data), _PAGE) if kind == "W" else range(0)

    def rebuild(self, count, folder, dice=None, cut=0):
        """The files after the first `count` operations, and so many bytes of the next one; with dice each write since its
        file's last sync may be lost."""
        operations = self.operations[:count]
        if cut:
            kind, name, second, offset, data, end = self.operations[count]
            operations.append((kind, name, second, offset, data[:cut], end))
        files = {}
        for kind, name, second, offset, data, _ in operations:
            if kind == "R":
                # A folder takes what is in it along.
                for old in [old for old in files if old == name or old.startswith(f"{name}/")]:
                    files[second + old.removeprefix(name)] = files.pop(old)
            elif kind == "U":
                files.pop(name, None)
            elif kind == "C":
                files[name] = _File()
            elif kind == "S":
                # Directories are synced as well.
                if name in files:
                    files[name].sync()
            else:
                files.setdefault(name, _File()).pending.append((kind, offset, data))
        for name, file in files.items():
            path = folder / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content(dice))
        for part in ("telemetry", "replay"):
            (folder / part).mkdir(parents=True, exist_ok=True)


class _File:
    def __init__(self):
        self.synced, self.pending = bytearray(), []

    def sync(self):
        self.synced, self.pending = self._applied(self.pending), []

    def content(self, dice):
        return bytes(self._applied([each for each in self.pending if dice is None or dice.random() < 0.5]))

    def _applied(self, operations):
        content = bytearray(self.synced)
        for kind, offset, data in operations:
            end = offset + len(data)
            if len(content) < end:
                content.extend(bytes(end - len(content)))
            if kind == "T":
                del content[offset:]
            content[offset:end] = data
        return content
