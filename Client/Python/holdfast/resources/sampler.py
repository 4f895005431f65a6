"""Measures what the machine and one process with its descendants use, on Linux; names and units as the Swift SDK's.

| type | name | unit | |
| --- | --- | --- | --- |
| `cpu` | `system_total` | % | 100 = all cores |
| `cpu` | `process_tree` | % | 100 = one core, as in top(1) |
| `ram` | `system_total` | % | of the machine's memory, whatever limits a container has |
| `ram` | `system_used` | MB | |
| `ram` | `process_tree` | MB | shared pages counted once |
| `gpu` | `<i>_utilization`, `<i>_memory` | %, MB | for each GPU |
| `disk` | `read`, `written` | MB/s | all disks |
| `network` | `received`, `sent` | MB/s | all interfaces |

CPU and rates are means since the last tick, hence absent from the first. A MB is 2^20 bytes. What can't be read, such as in
a container, is absent.
"""

from __future__ import annotations

import os
import time
from typing import Dict, List, NamedTuple, Optional, Tuple

from .gpu import GPUs
from .processes import ProcessTree, TreeCPU, TreeMemory
from .text import numbers_of, read_text

MB = float(1 << 20)
_TICKS = float(os.sysconf("SC_CLK_TCK"))


class ResourceSample(NamedTuple):
    """One number about this machine or this process at one moment."""

    type: str
    name: str
    value: float
    unit: str


class RateMeter:
    """Turns counters of bytes in and out, one pair for each device, into MB/s of all devices together."""

    def __init__(self) -> None:
        self._previous: Optional[Dict[str, Tuple[int, int]]] = None

    def rates(self, current: Optional[Dict[str, Tuple[int, int]]], seconds: Optional[float]) -> List[Optional[float]]:
        """The rates since the last reading.

        A device that was not there then or is not there now adds nothing. A counter that went backwards leaves its direction
        without a rate.
        """
        previous, self._previous = self._previous, current
        if previous is None or current is None or not seconds:
            return [None, None]
        rates: List[Optional[float]] = []
        for direction in (0, 1):
            gains = [pair[direction] - previous[name][direction] for name, pair in current.items() if name in previous]
            rates.append(None if any(gain < 0 for gain in gains) else sum(gains) / seconds / MB)
        return rates


class ResourceSampler:
    """Whoever owns it calls `sample` at regular intervals, from one thread."""

    def __init__(self, root: Optional[int] = None, proc: str = "/proc", sys: str = "/sys") -> None:
        self._proc, self._sys = proc, sys
        self._previous_time: Optional[float] = None
        self._previous_uptime: Optional[float] = None
        self._previous_cpu: Optional[Tuple[int, int]] = None
        self._cores: Optional[int] = None
        self._tree = ProcessTree(os.getpid() if root is None else root, proc)
        self._tree_cpu = TreeCPU()
        self._tree_memory = TreeMemory(proc)
        self._gpus = GPUs(sys)
        self._disks, self._network = RateMeter(), RateMeter()
        self._is_disk: Dict[str, bool] = {}

    def sample(self) -> List[ResourceSample]:
        """One tick."""
        now = time.monotonic()
        seconds = None if self._previous_time is None else now - self._previous_time
        self._previous_time = now
        samples: List[ResourceSample] = []

        def add(type: str, name: str, value: Optional[float], unit: str) -> None:
            if value is not None:
                samples.append(ResourceSample(type, name, value, unit))

        add("cpu", "system_total", self._cpu(), "%")
        cpu, memory = self._processes(seconds)
        add("cpu", "process_tree", cpu, "%")
        system = self._memory()
        if system:
            add("ram", "system_total", 100 * system[1] / system[0], "%")
            add("ram", "system_used", system[1] / MB, "MB")
        add("ram", "process_tree", None if memory is None else memory / MB, "MB")
        for gpu in self._gpus.readings():
            add("gpu", f"{gpu.index}_utilization", gpu.utilization, "%")
            add("gpu", f"{gpu.index}_memory", gpu.memory, "MB")
        read, written = self._disks.rates(self._disk_counters(), seconds)
        add("disk", "read", read, "MB/s")
        add("disk", "written", written, "MB/s")
        received, sent = self._network.rates(self._network_counters(), seconds)
        add("network", "received", received, "MB/s")
        add("network", "sent", sent, "MB/s")
        return samples

    def _cpu(self) -> Optional[float]:
        """How busy all cores are since the last reading, by the first line of /proc/stat."""
        text = read_text(f"{self._proc}/stat")
        lines = (text or "").splitlines()
        fields = numbers_of(lines[0][4:])[:8] if lines and lines[0].startswith("cpu ") else []
        self._cores = sum(line.startswith("cpu") for line in lines) - 1 or None
        previous, self._previous_cpu = self._previous_cpu, None
        if len(fields) < 4:
            return None
        # user nice system idle iowait irq softirq steal
        total = sum(fields)
        busy = total - fields[3] - (fields[4] if len(fields) > 4 else 0)
        self._previous_cpu = busy, total
        if previous is None or total <= previous[1] or busy < previous[0]:
            return None
        # iowait may fall (proc_stat(5)), so that the total grows by less than the busy time.
        return min(100.0, 100 * (busy - previous[0]) / (total - previous[1]))

    def _processes(self, seconds: Optional[float]) -> Tuple[Optional[float], Optional[float]]:
        """The CPU time in percent of one core, and the memory in bytes."""
        # Before the processes: one that starts meanwhile and is overlooked counts since its start in the next tick.
        text = read_text(f"{self._proc}/uptime")
        uptime = float(text.split()[0]) * _TICKS if text else None
        processes = self._tree.read()
        ticks = self._tree_cpu.ticks(processes, self._previous_uptime)
        self._previous_uptime = uptime
        if not processes:
            return None, None
        memory = self._tree_memory.bytes(processes)
        if ticks is None or not seconds:
            return None, memory
        # More than all cores can do comes from before: a process that could not be seen was waited for.
        most = 100.0 * self._cores if self._cores else float("inf")
        return min(most, 100 * ticks / _TICKS / seconds), memory

    def _memory(self) -> Optional[Tuple[float, float]]:
        """Bytes of RAM, and those that can't be had without swapping."""
        found: Dict[str, int] = {}
        for line in (read_text(f"{self._proc}/meminfo") or "").splitlines():
            name, _, rest = line.partition(":")
            if name in ("MemTotal", "MemAvailable"):
                found[name] = numbers_of(rest)[0] * 1024
        total, available = found.get("MemTotal"), found.get("MemAvailable")
        if not total or available is None or available > total:
            return None
        return float(total), float(total - available)

    def _disk_counters(self) -> Optional[Dict[str, Tuple[int, int]]]:
        """By /proc/diskstats; a sector is 512 bytes there, whatever the disk has."""
        counters: Dict[str, Tuple[int, int]] = {}
        for line in (read_text(f"{self._proc}/diskstats") or "").splitlines():
            fields = line.split()
            if len(fields) > 9 and self._is_whole_disk(fields[2]):
                counters[fields[2]] = int(fields[5]) * 512, int(fields[9]) * 512
        return counters or None

    def _is_whole_disk(self, name: str) -> bool:
        """Not a partition, nor in memory, nor made of other devices, whose bytes would be counted twice."""
        if name not in self._is_disk:
            folder = f"{self._sys}/block/{name}"
            is_virtual = name.startswith(("loop", "ram", "zram", "dm-", "md"))
            try:
                self._is_disk[name] = not is_virtual and os.path.isdir(folder) and not os.listdir(f"{folder}/slaves")
            except OSError:
                self._is_disk[name] = True
        return self._is_disk[name]

    def _network_counters(self) -> Optional[Dict[str, Tuple[int, int]]]:
        """Of the hardware's interfaces by /proc/net/dev; of all but `lo` where there are none, as in a container.

        What goes through a bridge, a tunnel or a container's interfaces also goes through the hardware.
        """
        counters: Dict[str, Tuple[int, int]] = {}
        for line in (read_text(f"{self._proc}/net/dev") or "").splitlines()[2:]:
            name, _, rest = line.partition(":")
            fields = rest.split()
            if name.strip() != "lo" and len(fields) > 8:
                counters[name.strip()] = int(fields[0]), int(fields[8])
        hardware = {
            name: pair for name, pair in counters.items() if os.path.exists(f"{self._sys}/class/net/{name}/device")
        }
        return hardware or counters or None
