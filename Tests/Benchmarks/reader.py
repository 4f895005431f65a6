"""A connection that receives straight into the memory in which arrays stay, as the clients do."""

import mmap

import numpy

from wire import Closed, Connection

_LARGE = 4 << 20


class Reader(Connection):
    """For calls one at a time: what a timeout interrupts is lost."""

    def _exactly(self, size):
        block = _large_pages(size) if size >= _LARGE else numpy.empty(size, numpy.uint8)
        left = memoryview(block)
        while left:
            count = self.socket.recv_into(left)
            if count == 0:
                raise Closed("the server closed the connection")
            left = left[count:]
        return block if size >= _LARGE else block.tobytes()


def _large_pages(size):
    """To get so much memory in small pages takes longer than to receive into it."""
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    block.madvise(mmap.MADV_HUGEPAGE)
    return block
