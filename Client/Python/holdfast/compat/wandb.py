"""What most training scripts use of wandb, logged to Holdfast: change the import, keep the script.

    from holdfast.compat import wandb

    wandb.init(project="pong", config={"lr": 3e-4})
    wandb.log({"train": {"loss": 0.31}})
    wandb.finish()

`init`, `log`, `finish`, `config`, `summary`, `run`, `define_metric` and `watch` work. Numbers are kept; what has no place here,
such as Image, Table or Artifact, raises HoldfastError with `not_supported` instead of being lost in silence.
"""

from __future__ import annotations

import re
import time
import uuid
import warnings
from types import TracebackType
from typing import Any, Dict, List, Mapping, NoReturn, Optional, Sequence, Type

from ..checks import listed, text, unless_none, whole, wrong
from ..errors import HoldfastError
from ..run import Run as HoldfastRun
from ..start import init as start
from .settings import Config, Summary, as_mapping, flat

_UNSUPPORTED = frozenset(
    "Image Video Audio Histogram Table Html Object3D Plotly Molecule Graph Artifact Api Settings alert save restore "
    "log_artifact log_code log_model use_artifact use_model link_artifact link_model unwatch agent sweep controller "
    "plot plot_table keras launch require setup teardown".split()
)


def _refuse(name: str) -> NoReturn:
    raise HoldfastError(
        "not_supported",
        f"wandb.{name} has no counterpart here: log numbers with wandb.log, frames with holdfast's Run.log_step, and pictures "
        "with Run.log_image (wandb.run.holdfast is that Run)",
    )


class Run:
    """What wandb.init returns; `holdfast` is the run behind it."""

    def __init__(self, run: HoldfastRun, project: Optional[str], name: Optional[str], tags: Sequence[str], config: Any) -> None:
        self.holdfast = run
        self.id = run.id
        self.project, self.name, self.tags = project, name or run.id, tuple(tags)
        self.config = Config(self._send_config, as_mapping(config))
        self.summary = Summary()
        #: The step of the next log call that names none.
        self.step = 0
        self._pending: Dict[str, Any] = {}
        self._is_finished = False

    def log(
        self, data: Mapping[str, Any], step: Optional[int] = None, commit: Optional[bool] = None, sync: Optional[bool] = None
    ) -> None:
        """Logs numbers; nested names are joined by "/". `commit=False` gathers until the next call that commits."""
        if not isinstance(data, Mapping):
            raise HoldfastError("invalid_value", f"wandb.log takes a dictionary, not a {type(data).__name__}")
        step = unless_none(whole, "step", step)
        values = dict(flat(data))
        for name, value in values.items():
            values[name] = _number(name, value)
        if step is not None and step != self.step:
            if step < self.step:
                raise HoldfastError("invalid_value", f"step {step} is before the present step {self.step}")
            self._commit()
            self.step = step
        self._pending.update(values)
        if commit if commit is not None else step is None:
            self._commit()
            self.step += 1

    def _commit(self) -> None:
        if self._pending:
            pending, self._pending = self._pending, {}
            self.holdfast.log(pending, step=self.step)
            self.summary.keep(pending)

    def define_metric(self, name: str, step_metric: Any = None, **settings: Any) -> None:
        """Accepted: which axis a chart takes, and how it sums up, is chosen where it is looked at."""

    def watch(self, *args: Any, **kwargs: Any) -> None:
        """Accepted: gradients are not logged."""

    def finish(self, exit_code: Optional[int] = None, quiet: Optional[bool] = None) -> None:
        """Ends the run, as failed if the exit code isn't 0."""
        if self._is_finished:
            return
        self._is_finished = True
        self._commit()
        numbers = {name: value for name, value in flat(self.summary.set_by_program()) if _is_number(value)}
        if numbers:
            self.holdfast.log(numbers, phase="summary")
        self.holdfast.finish("failed" if exit_code else "finished")

    def _send_config(self, values: Dict[str, Any]) -> None:
        self.holdfast.update_config(values)

    def __getattr__(self, name: str) -> Any:
        if name in _UNSUPPORTED:
            _refuse(name)
        raise AttributeError(f"this run has no {name}")

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self, type: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.finish(exit_code=0 if type is None else 1)


def _is_number(value: Any) -> bool:
    try:
        _number("", value)
    except HoldfastError:
        return False
    return True


def _number(name: str, value: Any) -> float:
    if isinstance(value, (bool, int, float)):
        return float(value)
    if not isinstance(value, (str, bytes)):
        try:
            # NumPy's and torch's numbers, and arrays of one element.
            return float(value.item() if hasattr(value, "item") else value)
        except (TypeError, ValueError, RuntimeError):
            pass
    raise HoldfastError("not_supported", f'"{name}" is a {type(value).__name__}; only numbers can be logged here')


run: Optional[Run] = None


class _BeforeInit:
    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def __getattr__(self, attribute: str) -> Any:
        raise HoldfastError("not_started", f"call wandb.init() before wandb.{self.__dict__['_name']}.{attribute}")

    def __setattr__(self, attribute: str, value: Any) -> None:
        self.__getattr__(attribute)

    def __getitem__(self, name: str) -> Any:
        return self.__getattr__(name)

    def __setitem__(self, name: str, value: Any) -> None:
        self.__getattr__(name)


config: Any = _BeforeInit("config")
summary: Any = _BeforeInit("summary")


def init(
    project: Optional[str] = None,
    entity: Optional[str] = None,
    config: Any = None,
    name: Optional[str] = None,
    id: Optional[str] = None,
    tags: Optional[Sequence[str]] = None,
    group: Optional[str] = None,
    job_type: Optional[str] = None,
    notes: Optional[str] = None,
    dir: Any = None,
    mode: Optional[str] = None,
    resume: Any = None,
    reinit: Any = None,
    server: Optional[str] = None,
    token: Optional[str] = None,
    **settings: Any,
) -> Run:
    """Starts a run. Its id is `id`, or made of project, name and the time; `group` and `job_type` become tags.

    `mode="offline"` is as good as online: without a server, records wait in the spool. `mode="disabled"` is refused. Of other
    arguments a warning says that they change nothing.
    """
    if mode == "disabled":
        _refuse('init(mode="disabled")')
    if mode not in (None, "online", "offline"):
        raise wrong("mode", mode, 'it is "online" or "offline"')
    if settings:
        warnings.warn(f"wandb.init() has no {', '.join(settings)} here: nothing is changed by it", stacklevel=2)
    for word, value in (("project", project), ("name", name), ("id", id)):
        unless_none(text, word, value)
    if run is not None and not run._is_finished:
        if reinit is None or reinit is False or reinit == "return_previous":
            return run
        run.finish()
    labels: List[str] = [] if tags is None else listed("tags", tags)
    labels += [f"{kind}:{value}" for kind, value in (("project", project), ("group", group), ("job", job_type)) if value]
    values = dict(as_mapping(config))
    started = start(run=id or _made_id(project, name), config=values, tags=labels, server=server, token=token)
    return _set_current(Run(started, project, name, labels, values))


def _made_id(project: Optional[str], name: Optional[str]) -> str:
    words = [re.sub(r"[^A-Za-z0-9_-]+", "-", word).strip("-_") for word in (project, name) if word]
    stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    return "-".join([word[:48] for word in words if word] + [stamp])


def _set_current(new: Run) -> Run:
    global run, config, summary
    run, config, summary = new, new.config, new.summary
    return new


def _current(function: str) -> Run:
    if run is None or run._is_finished:
        raise HoldfastError("not_started", f"call wandb.init() before wandb.{function}()")
    return run


def log(
    data: Mapping[str, Any], step: Optional[int] = None, commit: Optional[bool] = None, sync: Optional[bool] = None
) -> None:
    """Logs numbers to the current run; see `Run.log`."""
    _current("log").log(data, step, commit)


def finish(exit_code: Optional[int] = None, quiet: Optional[bool] = None) -> None:
    """Ends the current run, if there is one."""
    if run is not None:
        run.finish(exit_code)


def define_metric(name: str, step_metric: Any = None, **settings: Any) -> None:
    """Accepted; see `Run.define_metric`."""
    _current("define_metric").define_metric(name, step_metric, **settings)


def watch(*args: Any, **kwargs: Any) -> None:
    """Accepted; see `Run.watch`."""
    _current("watch").watch(*args, **kwargs)


def login(*args: Any, **kwargs: Any) -> bool:
    """Accepted: HOLDFAST_TOKEN is what the server asks for."""
    return True


def __getattr__(name: str) -> Any:
    if name in _UNSUPPORTED:
        _refuse(name)
    raise AttributeError(f"module holdfast.compat.wandb has no {name}")
