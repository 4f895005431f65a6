"""What the sampler reads, from the machine and from folders that look like /proc and /sys."""

import multiprocessing
import os
import time

from holdfast.resources.gpu import GPUReading, GPUs, parse_tool
from holdfast.resources.processes import ProcessTree, TreeCPU
from holdfast.resources.sampler import RateMeter, ResourceSampler
from waiting import eventually


def by_name(samples):
    return {f"{sample.type}.{sample.name}": (sample.value, sample.unit) for sample in samples}


def test_a_busy_process_is_seen():
    sampler = ResourceSampler()
    first = by_name(sampler.sample())
    assert "cpu.process_tree" not in first and first["ram.process_tree"][0] > 5
    start, used = time.perf_counter(), time.process_time()
    while time.process_time() < used + 0.3:  # however busy the machine is
        pass
    second = by_name(sampler.sample())
    percent = 100 * (time.process_time() - used) / (time.perf_counter() - start)
    assert 0.7 * percent < second["cpu.process_tree"][0] < 1.3 * percent and 0 < second["cpu.system_total"][0] <= 100
    assert second["ram.system_used"][1] == "MB" and 0 < second["ram.system_total"][0] < 100


def _work(ready):
    ready.set()
    end = time.perf_counter() + 30
    while time.perf_counter() < end:
        pass


def test_children_belong_to_the_tree():
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    child = context.Process(target=_work, args=(ready,), daemon=True)
    child.start()
    ready.wait(10)
    try:
        tree = ProcessTree(os.getpid(), "/proc")
        assert [process.pid for process in tree.read()][0] == os.getpid()
        assert child.pid in {process.pid for process in tree.read()}
        cpu = TreeCPU()
        assert cpu.ticks(tree.read(), None) is None
        total = [0]

        def used():
            total[0] += cpu.ticks(tree.read(), None)
            return total[0] >= 10

        eventually(used, "the child's time is counted", every=0.05)
    finally:
        child.kill()
        child.join()


def test_rates_are_sums_of_what_is_there_both_times():
    meter = RateMeter()
    assert meter.rates({"a": (0, 0)}, None) == [None, None]
    assert meter.rates({"a": (1 << 20, 0), "new": (9 << 20, 0)}, 2.0) == [0.5, 0.0]
    assert meter.rates({"a": (0, 1 << 20)}, 1.0) == [None, 1.0]


def test_disks_and_networks_are_counted_once(tmp_path):
    proc, sys = tmp_path / "proc", tmp_path / "sys"
    (proc / "net").mkdir(parents=True)
    for disk in ("sda", "dm-0"):
        (sys / "block" / disk / "slaves").mkdir(parents=True)
    (sys / "class/net/eth0/device").mkdir(parents=True)

    def write(sectors, received):
        lines = [f"8 0 {name} 1 0 {sectors} 0 1 0 {2 * sectors} 0 0 0 0" for name in ("sda", "sda1", "dm-0")]
        (proc / "diskstats").write_text("\n".join(lines) + "\n")
        rows = [f"{name}: {received} 1 0 0 0 0 0 0 {received // 2} 1 0 0 0 0 0 0" for name in ("lo", "eth0", "docker0")]
        (proc / "net/dev").write_text("head\nhead\n" + "\n".join(rows) + "\n")

    sampler = ResourceSampler(proc=str(proc), sys=str(sys))
    write(0, 0)
    sampler.sample()
    sampler._previous_time -= 1.0
    write(4096, 2 << 20)
    found = by_name(sampler.sample())
    assert set(found) == {"disk.read", "disk.written", "network.received", "network.sent"}
    assert 1.5 < found["disk.read"][0] <= 2 and 3 < found["disk.written"][0] <= 4
    assert 1.5 < found["network.received"][0] <= 2 and found["network.sent"][1] == "MB/s"


def test_gpus_of_both_makers(tmp_path):
    assert parse_tool("0, 35, 1024\n1, [N/A], 5\nnonsense\n") == [GPUReading(0, 35.0, 1024.0), GPUReading(1, None, 5.0)]
    device = tmp_path / "class/drm/card0/device"
    device.mkdir(parents=True)
    (tmp_path / "class/drm/card0-DP-1/device").mkdir(parents=True)
    (device / "gpu_busy_percent").write_text("41\n")
    (device / "mem_info_vram_used").write_text(f"{3 << 20}\n")
    gpus = GPUs(str(tmp_path))
    gpus._by_tool, gpus._next_search = [GPUReading(0, 1.0, 2.0)], float("inf")
    assert gpus.readings() == [GPUReading(0, 1.0, 2.0), GPUReading(1, 41.0, 3.0)]
