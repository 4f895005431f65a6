"""A run that this process writes to."""

from __future__ import annotations

import os
import re
import time
import weakref
from dataclasses import replace
from multiprocessing.context import assert_spawning
from types import TracebackType
from typing import Any, Dict, Mapping, NamedTuple, Optional, Type

from .checks import array_of, id_text, json_of, number, patience, shown, text, truth, unless_none, whole, wrong
from .client import Client
from .delivery.delivery import Delivery, Unsent
from .delivery.problem import DeliveryStatistics
from .errors import HoldfastError
from .optional import numpy
from .spool.records import Action, GenerationRecord, MetricRecord, Observation, RequestRecord, StepRecord, IMAGE
from .spool.segment import MetricForm
from .wire.values import pack

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_clock = time.time
_runs: "weakref.WeakSet[Run]" = weakref.WeakSet()


def check_run_id(run_id: str) -> None:
    """Raises HoldfastError for what the server would refuse."""
    if not _RUN_ID.fullmatch(run_id) or ".." in run_id or run_id in ("images", "variables"):
        raise HoldfastError(
            "invalid_value",
            f'"{run_id[:200]}" is no run id: 1 to 128 of A-Z a-z 0-9 . _ -, the first a letter or digit, no ".."; '
            '"images" and "variables" are reserved',
        )


def a_run(value: Any) -> "Run":
    """A run; raises HoldfastError for what is none, such as its id."""
    if not isinstance(value, Run):
        raise wrong("run", value, "it is what holdfast.init returned")
    return value


class DataGeneration(NamedTuple):
    """A piece of data generation that has begun."""

    operation: str
    round: Optional[int]
    chunk: Optional[int]
    start: float


class Run:
    """A run; its methods may be called from any thread and after fork(), and it may be given to spawned processes.

    No log call raises or waits for the network: a record that can't be stored is counted in `statistics.rejected` and
    reported. A record survives the death of the process as soon as its log call has returned.
    """

    def __init__(self, run_id: str, delivery: Delivery, is_resumed: Optional[bool], config: Any = None) -> None:
        #: The run's id.
        self.id = run_id
        #: Whether the run existed before; None when the server had not answered in time.
        self.is_resumed = is_resumed
        #: The run's settings as this process gave them; `update_config` changes them.
        self.config = config
        self._delivery = delivery
        self._options = delivery.options
        self._intake = delivery.intake
        self._metric = delivery.intake.metric
        # By name, and by (name, phase).
        self._forms: Dict[Any, MetricForm] = {}
        self._forms_with_step: Dict[Any, MetricForm] = {}
        self._is_finished = False
        self._client: Optional[Client] = None
        delivery.add_run(self)
        _runs.add(self)

    def __repr__(self) -> str:
        return f"Run({self.id!r})"

    def __reduce__(self) -> Any:
        # For processes alone: in a file, the token would be for anybody to read.
        assert_spawning(self)
        from .start import join

        delivery = self._delivery
        # As after fork(): the parent measures the machine, and is told of problems.
        options = replace(self._options, resource_interval=None, on_problem=None)
        return join, (self.id, self.config, delivery.address, delivery.token, delivery.directory, options)

    def leave_end(self) -> None:
        """The end of the run is another process's affair; `finish` only closes this one's part."""
        self._is_finished = True

    def update_config(self, config: Any) -> None:
        """Replaces the run's settings."""
        try:
            there, _ = json_of("config", config)
        except HoldfastError as error:
            self._delivery.reject(f"the settings of run {self.id} can't be kept: {error}")
            return
        self.config = config
        self._delivery.enqueue("runs.start", {"run_id": self.id, "config": there})

    # MARK: Metrics

    def log(
        self,
        values: Mapping[str, Any],
        step: Optional[int] = None,
        round: Optional[int] = None,
        epoch: Optional[int] = None,
        phase: Optional[str] = None,
        timestamp: Optional[float] = None,
    ) -> None:
        """Logs numbers of training metrics by name; NaN and infinities are kept. `timestamp`: UNIX seconds, now if None."""
        if timestamp is None:
            timestamp = _clock()
        if not isinstance(values, dict):
            if not isinstance(values, Mapping):
                self._delivery.reject(f"values is {shown(values)}; log() takes numbers by name")
                return
            values = dict(values)
        # What is no text need not be hashable.
        if round is None and epoch is None and (phase is None or isinstance(phase, str)):
            forms = self._forms if step is None else self._forms_with_step
            place = 0 if step is None else step
            for name, value in values.items():
                key = name if phase is None else (name, phase)
                form = forms.get(key)
                try:
                    is_logged = form is not None and self._metric(form, timestamp, value, place)
                except TypeError:  # of a tensor that is no whole number
                    is_logged = False
                if not is_logged:
                    self._log_slowly(name, value, timestamp, step, None, None, phase)
            return
        for name, value in values.items():
            self._log_slowly(name, value, timestamp, step, round, epoch, phase)

    def _log_slowly(
        self,
        name: str,
        value: Any,
        timestamp: float,
        step: Optional[int],
        round: Optional[int],
        epoch: Optional[int],
        phase: Optional[str],
    ) -> None:
        try:
            record = MetricRecord(
                self.id,
                id_text("its name", name),
                number("its value", value),
                number("timestamp", timestamp),
                unless_none(whole, "step", step),
                unless_none(whole, "round", round),
                unless_none(whole, "epoch", epoch),
                unless_none(text, "phase", phase),
            )
        except Exception as error:
            self._delivery.reject(f"metric {shown(name)} can't be kept: {error}")
            return
        if round is None and epoch is None:
            forms = self._forms if step is None else self._forms_with_step
            key = name if phase is None else (name, phase)
            # Each form takes some memory, and more with the length of its names.
            if key not in forms and len(forms) < 10_000 and len(record.name) + len(phase or "") <= 200:
                forms[key] = MetricForm(self.id, record.name, phase, step is not None)
        self._intake.add(record, self._options.metrics_when_full)

    def log_training_epoch_metric(
        self,
        name: str,
        value: float,
        round: Optional[int] = None,
        epoch: Optional[int] = None,
        phase: Optional[str] = None,
    ) -> None:
        """Logs a metric of one epoch."""
        self._log_slowly(name, value, _clock(), None, round, epoch, phase)

    # MARK: Data generation

    def log_data_generation_start(
        self, operation: str, round: Optional[int] = None, chunk: Optional[int] = None
    ) -> DataGeneration:
        """Notes that a piece of data generation begins; pass what it returns to `log_data_generation_complete`."""
        return DataGeneration(operation, round, chunk, time.monotonic())

    def log_data_generation_complete(
        self,
        generation: DataGeneration,
        samples: Optional[int] = None,
        memory_mb: Optional[float] = None,
        timestamp: Optional[float] = None,
    ) -> None:
        """Logs a piece of data generation that is done: its duration in seconds, how many samples came out, and the memory in
        MB (2^20 bytes), by default what this process has in memory now."""
        now = time.monotonic()
        try:
            if not isinstance(generation, DataGeneration):
                raise wrong("generation", generation, "it is what log_data_generation_start returned")
            record = GenerationRecord(
                self.id,
                text("operation", generation.operation),
                now - number("start", generation.start),
                os.getpid(),
                _clock() if timestamp is None else number("timestamp", timestamp),
                unless_none(whole, "round", generation.round),
                unless_none(whole, "chunk", generation.chunk),
                unless_none(whole, "samples", samples),
                _resident_mb() if memory_mb is None else number("memory_mb", memory_mb),
            )
        except Exception as error:
            self._delivery.reject(f"a piece of data generation can't be kept: {error}")
            return
        self._intake.add(record, self._options.metrics_when_full)

    # MARK: Steps

    def log_step(
        self,
        episode: str,
        index: int,
        *,
        reward: float,
        action: Any = None,
        frame: Any = None,
        observation: Any = None,
        terminated: bool = False,
        truncated: bool = False,
        info: Optional[Mapping[str, Any]] = None,
        timestamp: Optional[float] = None,
    ) -> None:
        """Logs one step of an episode.

        Frames keep the dtype and shape of the run's first one, and so do observations and array actions: the server rejects
        others.

        - episode: 1 to 512 bytes, with the run's id in it: an episode belongs to one run
        - index: the step's number in its episode, from 0, each only once
        - action: an integer (32 bits), a number or an array
        - frame: what was seen, such as uint8 (H, W, 3)
        - observation: what the agent was given, an array or arrays by name
        - info: anything else as JSON, at most 1 MiB
        - timestamp: UNIX seconds; now if None
        """
        try:
            record = StepRecord(
                self.id,
                id_text("episode", episode),
                whole("index", index),
                number("reward", reward),
                truth("terminated", terminated),
                truth("truncated", truncated),
                _clock() if timestamp is None else number("timestamp", timestamp),
                None if action is None else _action(action),
                unless_none(array_of, "frame", frame),
                None if observation is None else _observation(observation) or None,
                None if info is None else _info(info),
            )
            fault = record.fault()
        except Exception as error:
            fault = str(error)
        if fault:
            self._delivery.reject(f"step {shown(index)} of episode {shown(episode)} can't be kept: {fault}")
            return
        self._intake.add(record, self._options.steps_when_full)

    def finish_episode(self, episode: str, metadata: Any = None) -> None:
        """Closes an episode, after its steps that were logged before."""
        try:
            params: Dict[str, Any] = {"run_id": self.id, "episode_id": id_text("episode", episode)}
            if metadata is not None:
                params["metadata"], _ = json_of("metadata", metadata)
        except HoldfastError as error:
            self._delivery.reject(f"the end of episode {shown(episode)} can't be kept: {error}")
            return
        self._delivery.enqueue("episodes.finish", params)

    # MARK: Images

    def log_image(
        self,
        filename: str,
        image: Any = None,
        study_id: Optional[str] = None,
        frame_number: Optional[int] = None,
        frame_ref: Optional[str] = None,
    ) -> None:
        """Logs an image to label: pixels such as (H, W) or (H, W, 3), or a reference to an array that the server has."""
        try:
            there: Dict[str, Any] = {"filename": id_text("filename", filename)}
            for name, id in (("study_id", study_id), ("frame_ref", frame_ref)):
                if id is not None:
                    there[name] = id_text(name, id)
            if frame_number is not None:
                there["frame_number"] = whole("frame_number", frame_number)
            blobs: Any = []
            if image is not None:
                there["image"] = pack(array_of("image", image), blobs)
            record = RequestRecord("images.insert", {"images": [there]}, blobs, IMAGE)
            record.parts()
        except Exception as error:
            self._delivery.reject(f"image {shown(filename)} can't be kept: {error}")
            return
        self._intake.add(record, self._options.steps_when_full)

    # MARK: The end

    def flush(self, timeout: float = 30.0) -> None:
        """Sends everything at once and waits until the server has acknowledged or rejected all that was logged before.

        Raises HoldfastError with timeout (in seconds), closed, or invalid_value. In an asyncio program: `await asyncio.to_thread(run.flush)`.
        """
        self._intake.flush(patience("timeout", timeout))

    def end(self, status: str) -> None:
        """Says that the run is `finished` or `failed`, after everything that was logged before."""
        _check_status(status)
        if self._is_finished or self._intake.is_child:
            return
        self._is_finished = True
        self._delivery.remove_run(self)
        self._delivery.enqueue("runs.finish", {"run_id": self.id, "status": status})

    def finish(self, status: str = "finished", timeout: float = 5.0) -> Unsent:
        """Ends the run, sends what is there and closes the client; takes no longer than the timeout, in seconds.

        Returns what was not acknowledged by then, which stays in the spool. In a child of fork() it only closes the child's
        part. Raises HoldfastError for a wrong argument; the run goes on then.
        """
        _check_status(status)
        timeout = patience("timeout", timeout)
        deadline = time.monotonic() + timeout
        self._delivery.settle_children(timeout)
        self.end(status)
        return self._delivery.close(max(0.0, deadline - time.monotonic()))

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self, type: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.finish("finished" if type is None else "failed")

    @property
    def statistics(self) -> DeliveryStatistics:
        """Where the records are, now; of the whole client."""
        return self._intake.statistics

    # MARK: Reading back

    @property
    def client(self) -> Client:
        """A client of the same server, with a connection of its own."""
        if self._client is None:
            self._client = Client(self._delivery.address, self._delivery.token)
        return self._client

    def metrics(self, name: Optional[str] = None, phase: Optional[str] = None) -> Any:
        """The run's training metrics as the server has them, as columns."""
        return self.client.metrics.columns(run_id=self.id, metric_name=name, phase=phase)

    def episodes(self) -> Any:
        """The run's episodes as the server has them, as columns."""
        return self.client.episodes.columns(run_id=self.id)


def _check_status(status: Any) -> None:
    if status not in ("finished", "failed"):
        raise HoldfastError("invalid_value", f'a run ends as "finished" or "failed", not as {shown(status)}')


def _action(value: Any) -> Action:
    if isinstance(value, (bool, int)):
        return int(value)
    if isinstance(value, float):
        return value
    array = array_of("action", value)
    if array.shape == ():
        scalar = value.item() if hasattr(value, "item") else array.tolist()
        return float(scalar) if isinstance(scalar, float) else int(scalar)
    return array


def _observation(value: Any) -> Observation:
    if isinstance(value, Mapping):
        # A name that is no text shows here, where it costs this step only.
        return {
            id_text("a name in observation", name): array_of(f"observation[{shown(name)}]", array)
            for name, array in value.items()
        }
    if isinstance(value, (int, float)) and numpy() is None:
        raise HoldfastError("invalid_value", "an observation that is a number needs NumPy")
    return array_of("observation", value)


def _info(value: Any) -> Optional[bytes]:
    """Its JSON; nothing of an empty one."""
    if not isinstance(value, Mapping):
        raise wrong("info", value, "it is a dictionary")
    return json_of("info", value)[1] if value else None


def _resident_mb() -> Optional[float]:
    """What this process has in memory, from the second number of /proc/self/statm."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") / (1 << 20)
    except (OSError, IndexError, ValueError):
        return None


def only_open_run() -> Optional[Run]:
    """The run that this process has open; None if there are none, or several."""
    runs = [run for run in list(_runs) if not run._is_finished]
    return runs[0] if len(runs) == 1 else None
