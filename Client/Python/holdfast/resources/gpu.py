"""The GPUs of the machine: NVIDIA's by NVML, or nvidia-smi where the library can't be loaded, then AMD's."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import Any, List, Optional

from .text import number_in

_MB = float(1 << 20)


@dataclass(frozen=True)
class GPUReading:
    """What one GPU says: the share of time in which something ran on it in %, memory in use in MB."""

    index: int
    utilization: Optional[float]
    memory: Optional[float]


class _Utilization(ctypes.Structure):
    _fields_ = [("gpu", ctypes.c_uint), ("memory", ctypes.c_uint)]


class _Memory(ctypes.Structure):
    _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]


class NVML:
    """NVIDIA's management library; raises OSError where there is none, or no GPU."""

    def __init__(self, library: str = "libnvidia-ml.so.1") -> None:
        self._library: Any = ctypes.CDLL(library)
        count = ctypes.c_uint()
        if self._library.nvmlInit_v2() or self._library.nvmlDeviceGetCount_v2(ctypes.byref(count)) or not count.value:
            raise OSError("no GPU of NVIDIA")
        self._devices: List[Optional[ctypes.c_void_p]] = []
        for index in range(min(count.value, 1024)):
            device = ctypes.c_void_p()
            failed = self._library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device))
            self._devices.append(None if failed else device)

    def readings(self) -> List[GPUReading]:
        """Asks every GPU; one that does not answer is left out."""
        readings = []
        for index, device in enumerate(self._devices):
            if device is None:
                continue
            utilization, memory = _Utilization(), _Memory()
            has_utilization = self._library.nvmlDeviceGetUtilizationRates(device, ctypes.byref(utilization)) == 0
            has_memory = self._library.nvmlDeviceGetMemoryInfo(device, ctypes.byref(memory)) == 0
            if has_utilization or has_memory:
                used = memory.used / _MB if has_memory else None
                readings.append(GPUReading(index, float(utilization.gpu) if has_utilization else None, used))
        return readings


def parse_tool(output: str) -> List[GPUReading]:
    """Lines of nvidia-smi such as `0, 35, 1024`: index, %, MiB; [N/A] and the like stand for what a GPU doesn't know."""
    readings = []
    for line in output.splitlines():
        fields = [field.strip() for field in line.split(",")]
        if len(fields) == 3 and fields[0].isdigit():
            numbers = [float(field) if re.fullmatch(r"\d+(\.\d+)?", field) else None for field in fields[1:]]
            readings.append(GPUReading(int(fields[0]), numbers[0], numbers[1]))
    return readings


class GPUs:
    """All GPUs; NVIDIA's are looked for on a thread of its own, since the driver may take seconds to wake up."""

    def __init__(self, sys: str) -> None:
        self._sys = sys
        self._nvml: Optional[NVML] = None
        self._by_tool: List[GPUReading] = []
        self._thread: Optional[threading.Thread] = None
        self._next_search = 0.0
        self._amd: List[str] = []
        self._next_listing = 0.0

    def readings(self) -> List[GPUReading]:
        """What is known now."""
        now = time.monotonic()
        if self._nvml is None and now >= self._next_search and not (self._thread and self._thread.is_alive()):
            # The tool is run every five seconds; where there is nothing, it is looked for again in a minute.
            self._next_search = now + (5 if self._by_tool else 60)
            self._thread = threading.Thread(target=self._search, name="holdfast-gpus", daemon=True)
            self._thread.start()
        nvidia = self._nvml.readings() if self._nvml else self._by_tool
        first = max((reading.index + 1 for reading in nvidia), default=0)
        return nvidia + self._amd_readings(first, now)

    def _search(self) -> None:
        try:
            if not self._by_tool:
                self._nvml = NVML()
                return
        except (OSError, AttributeError):
            pass
        query = ["--query-gpu=index,utilization.gpu,memory.used", "--format=csv,noheader,nounits"]
        try:
            output = subprocess.run(
                ["nvidia-smi", *query], capture_output=True, text=True, timeout=2, stdin=subprocess.DEVNULL
            ).stdout
            self._by_tool = parse_tool(output)
        except (OSError, subprocess.SubprocessError):
            self._by_tool = []

    def _amd_readings(self, first: int, now: float) -> List[GPUReading]:
        """By the files of the kernel driver amdgpu."""
        if now >= self._next_listing:
            self._next_listing = now + 60
            folder = f"{self._sys}/class/drm"
            names = os.listdir(folder) if os.path.isdir(folder) else []
            # card0 is a device, card0-DP-1 one of its connectors.
            cards = sorted(int(name[4:]) for name in names if re.fullmatch(r"card\d+", name))
            devices = [f"{folder}/card{card}/device" for card in cards]
            self._amd = [device for device in devices if os.path.exists(f"{device}/gpu_busy_percent")]
        readings = []
        for index, device in enumerate(self._amd):
            busy, used = number_in(f"{device}/gpu_busy_percent"), number_in(f"{device}/mem_info_vram_used")
            if busy is not None or used is not None:
                memory = None if used is None else used / _MB
                readings.append(GPUReading(first + index, None if busy is None else float(busy), memory))
        return readings
