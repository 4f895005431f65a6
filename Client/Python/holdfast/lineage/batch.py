"""A function over many locations: `for_each`."""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, Type, Union

from ..client import Client
from ..errors import HoldfastError, ServerError
from .arguments import Argument, argument_hash, described, record_hash
from .changes import changes_of
from .combinations import Existing, Input, Location, Where, taken_apart
from .current import current
from .identity import Identity
from .report import Entry, Report, first_line
from .saving import Pending, save_pending
from .thunks import Invocation, Thunk
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
        self._inputs = {name: taken_apart(value) for name, value in inputs.items()}
        self._outputs = list(outputs)
        self._where = where
        self._constants = dict(constants)
        self._client = client
        self._found: Dict[Any, List[Dict[str, Any]]] = {}
        if len(self._outputs) != function.outputs:
            raise HoldfastError(
                "invalid_value", f"{function.name} has {function.outputs} outputs, {len(self._outputs)} variables are given"
            )
        function.signature.bind_partial(**dict.fromkeys([*inputs, *constants]))

    @property
    def combinations(self) -> List[Location]:
        """The locations."""
        if not isinstance(self._where, Existing):
            return [dict(location) for location in self._where]
        found: Dict[str, Location] = {}
        keys = self._where.keys or tuple(key["name"] for key in current(self._client).variables.schema()["keys"])
        for variable, metadata, _, is_fixed in self._inputs.values():
            for record in [] if is_fixed else self._records(variable, metadata):
                has = record["metadata"]
                if all(key in has for key in keys) or not self._where.keys:
                    location = {key: has[key] for key in keys or sorted(has) if key in has}
                    found.setdefault(repr(sorted(location.items())), location)
        return list(found.values())

    def plan(self) -> Report:
        """For each combination whether it is to be run, a hit, or lacks an input, and why; loads no data."""
        self._found.clear()
        identity = self._function.identity()
        return Report([self._planned(location, identity)[0] for location in self.combinations], is_dry=True)

    def run(
        self, parallel: int = 1, stop_on_error: bool = False, dry_run: bool = False, progress: Optional[bool] = None
    ) -> Report:
        """Computes what isn't there yet and saves it; one that fails stops no other, unless `stop_on_error`.

        `parallel`: how many at a time, in threads. `dry_run`: only the plan. `progress`: a bar on stderr, by default on a
        terminal. After an interruption the next run computes the rest.
        """
        if dry_run:
            return self.plan()
        self._found.clear()
        identity = self._function.identity()
        locations = self.combinations
        entries: List[Optional[Entry]] = [None] * len(locations)
        stop = threading.Event()
        bar = _Bar(len(locations), sys.stderr.isatty() if progress is None else progress)

        def work(index: int) -> None:
            if stop.is_set():
                entries[index] = Entry(locations[index], "skipped", "another one failed")
                return
            entry = self._done(locations[index], identity)
            entries[index] = entry
            if entry.status == "failed" and stop_on_error:
                stop.set()

        with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
            tasks = [pool.submit(work, index) for index in range(len(locations))]
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

    def _done(self, location: Location, identity: Identity) -> Entry:
        started = time.monotonic()
        entry = Entry(location, "failed", "")
        try:
            entry, records, is_here = self._planned(location, identity)
            if entry.status != "missing" and not is_here:
                try:
                    self._compute(entry, records)
                except ServerError as error:
                    if error.kind != "lease_lost":
                        raise
                    self._compute(entry, records)  # another has computed it meanwhile, and is waited for
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

    def _planned(self, location: Location, identity: Identity) -> Tuple[Entry, Dict[str, Dict[str, Any]], bool]:
        """The entry, the inputs' records, and whether the outputs are at this very location."""
        records: Dict[str, Dict[str, Any]] = {}
        for name, (variable, metadata, _, _) in self._inputs.items():
            asked = {**location, **metadata}
            found = self._records(variable, asked)
            if len(found) != 1:
                many = f"{len(found)} locations of {variable.variable_name} fit" if found else f"no {variable.variable_name}"
                return Entry(location, "missing", f"input {name}: {many} at {_shown(asked)}"), {}, False
            records[name] = found[0]
        invocation = self._invocation(records, identity)
        latest = [self._records(variable, location, fresh=True) for variable in self._outputs]
        here = [
            next((record for record in found if self._is_output(record, variable, location, hash)), None)
            for variable, found, hash in zip(self._outputs, latest, invocation.hashes)
        ]
        if all(record is not None for record in here):
            entry = Entry(location, "hit", "it is there")
            entry.record_ids = [record["record_id"] for record in here if record is not None]
            return entry, records, True
        is_old = any(_is_old(record, variable) for variable, found in zip(self._outputs, latest) for record in found)
        if not is_old and invocation.stored(current(self._client)) is not None:
            return Entry(location, "hit", "the same was computed elsewhere"), records, False
        for name, record in records.items():
            if record.get("is_evicted"):
                return Entry(location, "missing", f"input {name}: the value of {record['record_id']} was evicted"), {}, False
        return Entry(location, "run", self._why(invocation, records, location, latest, here)), records, False

    @staticmethod
    def _is_output(record: Mapping[str, Any], variable: Type[BaseVariable], location: Location, hash: str) -> bool:
        is_same = record["metadata"] == location and record.get("lineage_hash") == hash
        return is_same and not _is_old(record, variable) and not record.get("is_evicted")

    def _invocation(self, records: Mapping[str, Mapping[str, Any]], identity: Identity) -> Invocation:
        bound = self._function.signature.bind(**{**self._constants, **dict.fromkeys(records)})
        bound.apply_defaults()
        arguments = []
        for name, value in bound.arguments.items():
            if name in records:
                variable, _, columns, _ = self._inputs[name]
                digest = record_hash(variable, records[name]["content_hash"], columns)
            else:
                digest = argument_hash(value, f"{self._function.name}({name})")
            arguments.append(Argument(name, value, digest))
        return Invocation(self._function.name, identity, arguments, self._function.outputs)

    def _why(
        self,
        invocation: Invocation,
        records: Mapping[str, Mapping[str, Any]],
        location: Location,
        latest: Sequence[Sequence[Mapping[str, Any]]],
        here: Sequence[Optional[Mapping[str, Any]]],
    ) -> str:
        for variable, found, known in zip(self._outputs, latest, here):
            at = [record for record in found if record["metadata"] == location]
            if not at:
                return f"there is no {variable.variable_name} yet"
            if at[0].get("is_evicted"):
                return f"the value of {variable.variable_name} {at[0]['record_id']} was evicted"
            if _is_old(at[0], variable):
                return f"{variable.variable_name} {at[0]['record_id']} has schema version {at[0]['schema_version']}"
            if known is None and at[0].get("lineage_hash") is None:
                return f"nothing is known of what made {variable.variable_name} {at[0]['record_id']}"
            if known is None:
                lineage = self._lineage(invocation, records)
                changes = changes_of(current(self._client).lineage.why(at[0]["record_id"], lineage))
                return "; ".join(map(str, changes)) or "the outputs of that call are gone"
        return "the outputs of that call are gone"

    def _lineage(self, invocation: Invocation, records: Mapping[str, Mapping[str, Any]]) -> Dict[str, Any]:
        """What would be recorded, as far as it is compared."""
        constants: List[Dict[str, Any]] = []
        inputs: List[Dict[str, Any]] = []
        for argument in invocation.arguments:
            record = records.get(argument.name)
            if record is None:
                described(argument, argument.name, True, inputs, constants)
            else:
                inputs.append({"name": argument.name, "record_id": record["record_id"], "type": record["variable"]})
                constants.append({"name": argument.name, "hash": argument.digest.hex()})
        return {
            "function_name": invocation.name,
            "function_hash": invocation.function_hash,
            "function_parts": invocation.identity.parts,
            "inputs": inputs,
            "constants": constants,
        }

    def _records(
        self, variable: Type[BaseVariable], metadata: Mapping[str, Any], fresh: bool = False
    ) -> List[Dict[str, Any]]:
        """The latest record at every location that fits, without data; inputs are asked for once."""
        key = (variable.variable_name, repr(sorted(metadata.items())))
        if fresh or key not in self._found:
            calls = current(self._client).variables
            self._found[key] = list(calls.load_all(variable.variable_name, metadata, values=False))
        return self._found[key]


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
    `product(…)`, `zipped(…)`, `existing(…)` or a list of metadata. `constants`: further arguments.
    """
    made = function if isinstance(function, Thunk) else Thunk(function, outputs=len(outputs))
    return Batch(made, inputs, outputs, where, constants or {}, client)


def _is_old(record: Mapping[str, Any], variable: Type[BaseVariable]) -> bool:
    return bool(record["schema_version"] != variable.schema_version)


def _shown(metadata: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in metadata.items())


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
