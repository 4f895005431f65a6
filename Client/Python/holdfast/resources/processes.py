"""A process and its descendants: who they are, their CPU time, their memory."""

from __future__ import annotations

import os
import time
from typing import Dict, List, NamedTuple, Optional, Tuple

from .text import numbers_of, read_text

_PAGE = os.sysconf("SC_PAGESIZE")

#: A process among all that ever ran since the machine's start: its pid and its start in clock ticks.
Identity = Tuple[int, int]


class ProcessStat(NamedTuple):
    """What /proc/PID/stat says; times in clock ticks."""

    identity: Identity
    parent: int
    own: int
    #: Of the descendants that ended and were waited for.
    waited: int
    threads: int
    resident_bytes: int

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.identity[0]


def read_stat(pid: int, proc: str) -> Optional[ProcessStat]:
    """None when the process is gone or can't be read."""
    text = read_text(f"{proc}/{pid}/stat")
    if text is None:
        return None
    # The command, the second field, may hold spaces and parentheses; no later one does. proc_pid_stat(5)
    fields = text[text.rfind(")") + 1 :].split()
    if len(fields) < 22:
        return None
    own, waited = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
    identity = pid, int(fields[19])
    return ProcessStat(identity, int(fields[1]), own, waited, int(fields[17]), int(fields[21]) * _PAGE)


class Allowance:
    """How much time a costly kind of reading may take: a share of all time, saved up to a bound in seconds."""

    def __init__(self, share: float, bound: float) -> None:
        self._share, self._bound, self._saved = share, bound, bound
        self._time: Optional[float] = None

    def save(self) -> None:
        """Saves what has come in since the last time."""
        now = time.monotonic()
        if self._time is not None:
            self._saved = min(self._bound, self._saved + self._share * (now - self._time))
        self._time = now

    @property
    def is_spent(self) -> bool:
        """Whether there is nothing to spend now."""
        return self._saved <= 0

    def spend(self, seconds: float) -> None:
        """Takes seconds of work off; may leave a debt."""
        self._saved -= seconds


class ProcessTree:
    """A process and its descendants, read parents first."""

    def __init__(self, root: int, proc: str) -> None:
        self._root, self._proc = root, proc
        self._known: List[Identity] = []
        # For looking for children, as a thousand threads have as many lists of them.
        self._allowance = Allowance(0.001, 0.02)

    def read(self) -> List[ProcessStat]:
        """The processes as they are now; empty when the root is gone."""
        self._allowance.save()
        if self._allowance.is_spent:
            found = [read_stat(identity[0], self._proc) for identity in self._known]
            processes = [one for one, identity in zip(found, self._known) if one and one.identity == identity]
        else:
            start = time.thread_time()
            processes = self._walk()
            self._allowance.spend(time.thread_time() - start)
        self._known = [process.identity for process in processes]
        return processes

    def _walk(self) -> List[ProcessStat]:
        first = read_stat(self._root, self._proc)
        if first is None:
            return []
        processes, seen = [first], {self._root}
        for parent in processes:
            for child in self._children(parent):
                process = None if child in seen else read_stat(child, self._proc)
                # Since the listing, the child may have ended and its pid may be another's.
                if process and process.parent == parent.pid:
                    seen.add(child)
                    processes.append(process)
        return processes

    def _children(self, process: ProcessStat) -> List[int]:
        folder = f"{self._proc}/{process.pid}/task"
        # A child is in the list of the thread that forked it.
        threads = [str(process.pid)]
        if process.threads > 1:
            try:
                threads = os.listdir(folder)
            except OSError:
                return []
        return [child for thread in threads for child in numbers_of(read_text(f"{folder}/{thread}/children") or "")]


class TreeCPU:
    """The CPU time that a tree of processes uses from one reading to the next.

    When a process ends and is waited for, its time moves to its parent's `waited` time. So the time that was already counted
    while it ran is taken off what the parent gains.
    """

    def __init__(self) -> None:
        self._records: Optional[Dict[int, ProcessStat]] = None
        self._owed: Dict[int, int] = {}

    def ticks(self, processes: List[ProcessStat], previous: Optional[float]) -> Optional[int]:
        """The clock ticks used since the last reading; None for the first one. `previous`: the uptime then."""
        records, self._records = self._records, {process.pid: process for process in processes}
        if records is None or not processes:
            return None
        ended, owed, ticks = self._ended(records, self._records), {}, 0
        for process in processes:
            old = records.get(process.pid)
            if old and old.identity == process.identity:
                gained = max(0, process.waited - old.waited)
                debt, now = self._owed.get(process.pid, 0), ended.get(process.pid, 0)
                ticks += max(0, process.own - old.own) + max(0, gained - debt - now)
                # A child that was waited for after its parent was read is settled next time, never later.
                owed[process.pid] = max(0, now - max(0, gained - debt))
            elif previous is None or process.identity[1] >= previous:
                ticks += process.own + process.waited
        self._owed = owed
        return ticks

    def _ended(self, old: Dict[int, ProcessStat], current: Dict[int, ProcessStat]) -> Dict[int, int]:
        """The counted time of processes that ended, by the nearest ancestor that is still there."""

        def is_there(pid: int) -> bool:
            return pid in old and pid in current and old[pid].identity == current[pid].identity

        ended: Dict[int, int] = {}
        for pid, record in old.items():
            if is_there(pid):
                continue
            ancestor = record.parent
            for _ in old:
                if ancestor not in old or is_there(ancestor):
                    break
                ancestor = old[ancestor].parent
            ended[ancestor] = ended.get(ancestor, 0) + record.own + record.waited + self._owed.get(pid, 0)
        return ended


class TreeMemory:
    """The memory of a tree of processes, pages that they share counted once: the sum of their proportional set sizes.

    The PSS of a process takes the kernel a walk over all its pages. It is read as often as an allowance permits, the longest
    unread process first; in between, the resident memory is scaled by the last ratio of both.
    """

    def __init__(self, proc: str) -> None:
        self._proc = proc
        self._ratios: Dict[Identity, Tuple[float, int]] = {}
        self._reading = 0
        self._allowance = Allowance(0.002, 0.02)

    def bytes(self, processes: List[ProcessStat]) -> float:
        """What the processes occupy together."""
        self._reading += 1
        self._allowance.save()
        known = self._ratios
        self._ratios = {one.identity: known[one.identity] for one in processes if one.identity in known}
        for process in sorted(processes, key=lambda one: self._ratios.get(one.identity, (0, 0))[1]):
            if self._allowance.is_spent:
                break
            if process.resident_bytes:
                start = time.thread_time()
                pss = self._proportional(process.pid)
                self._allowance.spend(time.thread_time() - start)
                ratio = 1.0 if pss is None else pss / process.resident_bytes
                self._ratios[process.identity] = ratio, self._reading
        resident = read = unread = 0.0
        for process in processes:
            ratio_of = self._ratios.get(process.identity)
            if ratio_of:
                resident += process.resident_bytes
                read += process.resident_bytes * ratio_of[0]
            else:
                unread += process.resident_bytes
        # One that was never read shares as much as the others do: it is mostly a fork of one of them.
        return read + unread * (read / resident if resident else 1)

    def _proportional(self, pid: int) -> Optional[int]:
        for line in (read_text(f"{self._proc}/{pid}/smaps_rollup") or "").splitlines():
            if line.startswith("Pss:"):
                return numbers_of(line)[0] << 10
        return None
