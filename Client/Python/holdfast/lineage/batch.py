"""A function over many locations: `for_each`."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Type, Union

from ..checks import by_name, listed, shown, truth, unless_none, whole, wrong
from ..client import Client
from ..errors import HoldfastError, ServerError
from ..words import plural
from .combinations import Existing, Input, Location, Where, is_variable, locations, taken_apart
from .current import current
from .planning import Planned, Planner
from .report import Entry, Report, first_line
from .saving import Pending, save_pending
from .thunks import Thunk
from .variable import BaseVariable


class Batch:
    """A function, its inputs and outputs, and where it is to be run; nothing happens before `plan` or `run`."""

    def __init__(
        self,
        function: Thunk,
        inputs: Mapping[str, Input],
        outputs: Sequence[Type[BaseVariable]],
        where: Where,
        constants: Mapping[str, Any],
        client: Optional[Client],
    ) -> None:
        self._function = function
        taken = by_name("inputs", inputs, "it is a dictionary with a variable for each parameter")
        self._inputs = {name: taken_apart(f"inputs[{shown(name)}]", value) for name, value in taken.items()}
        self._outputs = list(outputs)
        self._where = where if isinstance(where, Existing) else locations("where", where)
        self._constants = dict(by_name("constants", constants, "it is a dictionary with a value for each parameter"))
        self._client = client
        if len(self._outputs) != function.outputs:
            raise HoldfastError(
                "invalid_value",
                f"{function.name} has {plural(function.outputs, 'output')}, {plural(len(self._outputs), 'variable')} "
                f"{'is' if len(self._outputs) == 1 else 'are'} given",
            )
        for name in self._constants:
            if name in self._inputs:
                raise HoldfastError("invalid_value", f"constants has {shown(name)}, which is one of the inputs")
        for words, names in (("inputs", self._inputs), ("constants", self._constants)):
            for name in names:
                if not isinstance(name, str):
                    raise HoldfastError("invalid_value", f"{words} has {shown(name)}; a parameter's name is a text")
        # Told here, and not for each location.
        function.bound((), dict.fromkeys([*self._inputs, *self._constants]))

    @property
    def combinations(self) -> List[Location]:
        """The locations."""
        if not isinstance(self._where, Existing):
            return [dict(location) for location in self._where]
        found: Dict[str, Location] = {}
        keys = self._where.keys or tuple(key["name"] for key in current(self._client).variables.schema()["keys"])
        for variable, metadata, _, is_fixed in self._inputs.values():
            calls = current(self._client).variables
            for record in [] if is_fixed else calls.load_all(variable.variable_name, metadata, values=False):
                has = record["metadata"]
                if all(key in has for key in keys) or not self._where.keys:
                    location = {key: has[key] for key in keys or sorted(has) if key in has}
                    found.setdefault(repr(sorted(location.items())), location)
        return list(found.values())

    def plan(self) -> Report:
        """For each combination whether it is to be run, a hit, or lacks an input, and why; loads no data."""
        return Report([planned.entry for planned in self._planner().plan(self.combinations)], is_dry=True)

    def run(
        self, parallel: int = 1, stop_on_error: bool = False, dry_run: bool = False, progress: Optional[bool] = None
    ) -> Report:
        """Computes what isn't there yet and saves it; one that fails stops no other, unless `stop_on_error`.

        `parallel`: how many at a time, in threads. `dry_run`: only the plan. `progress`: a bar on stderr, by default on a
        terminal. After an interruption the next run computes the rest.
        """
        parallel = whole("parallel", parallel, 1)
        is_shown = unless_none(truth, "progress", progress)
        stop_on_error = truth("stop_on_error", stop_on_error)
        if truth("dry_run", dry_run):
            return self.plan()
        planned = self._planner().plan(self.combinations)
        entries: List[Optional[Entry]] = [None] * len(planned)
        stop = threading.Event()
        bar = _Bar(len(planned), sys.stderr.isatty() if is_shown is None else is_shown)

        def work(index: int) -> None:
            if stop.is_set():
                entries[index] = Entry(planned[index].entry.metadata, "skipped", "another one failed")
                return
            entry = entries[index] = self._done(planned[index])
            if entry.status == "failed" and stop_on_error:
                stop.set()

        with ThreadPoolExecutor(max_workers=parallel) as pool:
            tasks = [pool.submit(work, index) for index in range(len(planned))]
            try:
                for task in as_completed(tasks):
                    task.result()
                    bar.step()
            except BaseException:  # Ctrl-C waits for what runs, not for what is to come
                stop.set()
                raise
            finally:
                bar.end()
        return Report([entry for entry in entries if entry is not None])

    def _planner(self) -> Planner:
        return Planner(self._function, self._inputs, self._outputs, self._constants, current(self._client))

    def _done(self, planned: Planned) -> Entry:
        started = time.monotonic()
        entry = planned.entry
        try:
            if entry.status != "missing" and not planned.is_here:
                _ = entry.why  # as long as it can be told
                try:
                    self._compute(entry, planned.records)
                except ServerError as error:
                    if error.kind != "lease_lost":
                        raise
                    self._compute(entry, planned.records)  # another has computed it meanwhile, and is waited for
        except Exception as error:
            entry.status, entry.error, entry.why = "failed", error, first_line(error)
        entry.duration = time.monotonic() - started
        return entry

    def _compute(self, entry: Entry, records: Mapping[str, Mapping[str, Any]]) -> None:
        client = current(self._client)
        arguments = dict(self._constants)
        for name, record in records.items():
            variable, _, columns, _ = self._inputs[name]
            loaded = variable.load(client=client, version=record["record_id"])
            arguments[name] = loaded.select(*columns) if columns else loaded
        made = self._function.call(client, (), arguments)
        outputs = made if isinstance(made, tuple) else (made,)
        waiting = [Pending(variable, output, entry.metadata, False) for variable, output in zip(self._outputs, outputs)]
        save_pending(waiting, client)
        entry.record_ids = [str(pending.variable.record_id) for pending in waiting]
        entry.status = "hit" if outputs[0].was_hit else "done"


def for_each(
    function: Union[Thunk, Callable[..., Any]],
    inputs: Mapping[str, Input],
    outputs: Sequence[Type[BaseVariable]],
    where: Where,
    constants: Optional[Mapping[str, Any]] = None,
    client: Optional[Client] = None,
) -> Batch:
    """A batch of a function: `for_each(f, {"signal": Raw}, [Out], where=product(subject=[1, 2])).run()`.

    `inputs`: for each parameter a variable, `Fixed(Variable, key=value)`, or `Columns(Variable, "a", "b")`. `where`:
    `product(…)`, `zipped(…)`, `existing(…)` or a list of metadata. `constants`: further arguments. Raises HoldfastError for what
    the function doesn't take.
    """
    if isinstance(outputs, type):
        raise wrong("outputs", outputs, f"give a list: [{outputs.__name__}]")
    kinds = listed("outputs", outputs)
    for place, kind in enumerate(kinds):
        if not is_variable(kind):
            raise wrong(f"outputs[{place}]", kind, "it is a variable's class")
    made = function if isinstance(function, Thunk) else Thunk(function, outputs=len(kinds))
    return Batch(made, inputs, kinds, where, {} if constants is None else constants, client)


class _Bar:
    """How many are done, on one line of a terminal."""

    def __init__(self, total: int, is_shown: bool) -> None:
        self._total, self._done, self._is_shown = total, 0, is_shown and total > 0

    def step(self) -> None:
        self._done += 1
        if self._is_shown:
            filled = 30 * self._done // self._total
            sys.stderr.write(f"\r[{'#' * filled}{'.' * (30 - filled)}] {self._done}/{self._total}")
            sys.stderr.flush()

    def end(self) -> None:
        if self._is_shown:
            sys.stderr.write("\n")
