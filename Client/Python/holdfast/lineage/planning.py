"""What a batch has to do at each of its locations, found out for all of them at once."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple, Type

from ..calls.noun import Result
from ..client import Client
from ..optional import numpy
from .arguments import Argument, argument_hash, described, record_hasher
from .changes import changes_of
from .combinations import Location
from .identity import Identity
from .report import Entry
from .thunks import Invocation, Thunk
from .variable import BaseVariable, class_of

#: How many locations the server is asked about at a time.
_MOST = 10_000

#: An input: its variable, the metadata that it has of its own, and the columns that are picked.
Taken = Tuple[Type[BaseVariable], Mapping[str, Any], Tuple[str, ...], bool]


class Planned(NamedTuple):
    """A location's entry, its inputs' records, and whether its outputs are at this very location."""

    entry: Entry
    records: Dict[str, Result]
    is_here: bool


class Planner:
    """A function with its inputs and outputs; a new one for each plan, since the function may change."""

    def __init__(
        self,
        function: Thunk,
        inputs: Mapping[str, Taken],
        outputs: Sequence[Type[BaseVariable]],
        constants: Mapping[str, Any],
        client: Client,
    ) -> None:
        self._function = function
        self._identity: Identity = function.identity()
        self._inputs = inputs
        self._outputs = outputs
        self._client = client
        self._arguments = dict(function.bound((), {**constants, **dict.fromkeys(inputs)}).arguments)
        self._digests = {
            name: argument_hash(value, f"{function.name}({name})")
            for name, value in self._arguments.items()
            if name not in inputs
        }
        self._hashers: Dict[str, Callable[[str], bytes]] = {
            name: record_hasher(variable, columns) for name, (variable, _, columns, _) in inputs.items()
        }

    def plan(self, locations: Sequence[Location]) -> List[Planned]:
        """In the order of the locations; loads no data."""
        found = {
            name: self._find(variable, [{**location, **metadata} for location in locations])
            for name, (variable, metadata, _, _) in self._inputs.items()
        }
        latest = [self._find(variable, locations, exact=True) for variable in self._outputs]
        planned: List[Optional[Planned]] = [None] * len(locations)
        open: List[Tuple[int, Dict[str, Result], Invocation]] = []
        for index, location in enumerate(locations):
            records = {name: rows[index] for name, rows in found.items()}
            lacking = self._lacking(location, records)
            if lacking is not None:
                planned[index] = Planned(Entry(location, "missing", lacking), {}, False)
                continue
            invocation = self._invocation(records)
            if all(_is_output(rows[index], kind, hash) for rows, kind, hash in zip(latest, self._outputs, invocation.hashes)):
                entry = Entry(location, "hit", "it is there")
                entry.record_ids = [rows[index]["record_id"] for rows in latest]
                planned[index] = Planned(entry, records, True)
            else:
                open.append((index, records, invocation))
        stored = self._stored([invocation for _, _, invocation in open])
        for (index, records, invocation), is_stored in zip(open, stored):
            entry = self._entry(locations[index], records, invocation, [rows[index] for rows in latest], is_stored)
            planned[index] = Planned(entry, records if entry.status != "missing" else {}, False)
        return [one for one in planned if one is not None]

    def _find(self, variable: Type[BaseVariable], asked: Sequence[Location], exact: bool = False) -> List[Result]:
        """For each location what is the latest there; each distinct one is asked for once."""
        places: Dict[Any, int] = {}
        rows = [places.setdefault(_key(location), len(places)) for location in asked]
        distinct: List[Location] = [{}] * len(places)
        for row, location in zip(rows, asked):
            distinct[row] = location
        found: List[Result] = []
        for start in range(0, len(distinct), _MOST):
            part = distinct[start : start + _MOST]
            answer = self._client.variables.find(variable.variable_name, _columns(part), exact)
            found += _rows(answer, len(part))
        return [found[row] for row in rows]

    def _lacking(self, location: Location, records: Mapping[str, Result]) -> Optional[str]:
        for name, record in records.items():
            if record["matches"] != 1:
                variable, metadata, _, _ = self._inputs[name]
                several = f"{record['matches']} locations of {variable.variable_name} fit"
                what = several if record["matches"] else f"no {variable.variable_name}"
                return f"input {name}: {what} at {_shown({**location, **metadata})}"
        return None

    def _invocation(self, records: Mapping[str, Result]) -> Invocation:
        arguments = [
            Argument(name, value, self._hashers[name](records[name]["content_hash"]) if name in records else self._digests[name])
            for name, value in self._arguments.items()
        ]
        return Invocation(self._function.name, self._identity, arguments, self._function.outputs)

    def _stored(self, invocations: Sequence[Invocation]) -> List[bool]:
        """Of each invocation whether all outputs are anywhere."""
        count = self._function.outputs
        hashes = [hash for invocation in invocations for hash in invocation.hashes]
        known = set()
        for start in range(0, len(hashes), _MOST):
            for found in self._client.lineage.find_many(hashes[start : start + _MOST])["found"]:
                place = start + found["index"]
                record = found["record"]
                if record["output_num"] == place % count and class_of(record["output_type"]) is not None:
                    known.add(place)
        return [all(count * row + num in known for num in range(count)) for row in range(len(invocations))]

    def _entry(
        self, location: Location, records: Dict[str, Result], invocation: Invocation, latest: Sequence[Result], is_stored: bool
    ) -> Entry:
        is_old = any(_is_old(record, variable) for record, variable in zip(latest, self._outputs))
        if is_stored and not is_old:
            return Entry(location, "hit", "the same was computed elsewhere")
        for name, record in records.items():
            if record["is_evicted"]:
                return Entry(location, "missing", f"input {name}: the value of {record['record_id']} was evicted")
        for record, variable, hash in zip(latest, self._outputs, invocation.hashes):
            if _is_output(record, variable, hash):
                continue
            name, id = variable.variable_name, record["record_id"]
            if not record["matches"] or not record["is_exact"]:
                return Entry(location, "run", f"there is no {name} yet")
            if record["is_evicted"]:
                return Entry(location, "run", f"the value of {name} {id} was evicted")
            if _is_old(record, variable):
                return Entry(location, "run", f"{name} {id} has schema version {record['schema_version']}")
            if record["lineage_hash"] is None:
                return Entry(location, "run", f"nothing is known of what made {name} {id}")
            return Entry(location, "run", lambda: self._changes(id, invocation, records))
        return Entry(location, "run", "the outputs of that call are gone")

    def _changes(self, record_id: str, invocation: Invocation, records: Mapping[str, Result]) -> str:
        """Asked for when somebody looks: it takes a call for each record."""
        changes = changes_of(self._client.lineage.why(record_id, self._lineage(invocation, records)))
        return "; ".join(map(str, changes)) or "the outputs of that call are gone"

    def _lineage(self, invocation: Invocation, records: Mapping[str, Result]) -> Dict[str, Any]:
        """What would be recorded, as far as it is compared."""
        constants: List[Dict[str, Any]] = []
        inputs: List[Dict[str, Any]] = []
        for argument in invocation.arguments:
            record = records.get(argument.name)
            if record is None:
                described(argument, argument.name, True, inputs, constants)
            else:
                type = self._inputs[argument.name][0].variable_name
                inputs.append({"name": argument.name, "record_id": record["record_id"], "type": type})
                constants.append({"name": argument.name, "hash": argument.digest.hex()})
        return {
            "function_name": invocation.name,
            "function_hash": invocation.function_hash,
            "function_parts": invocation.identity.parts,
            "inputs": inputs,
            "constants": constants,
        }


def _is_output(record: Mapping[str, Any], variable: Type[BaseVariable], hash: str) -> bool:
    is_same = record["is_exact"] and record["lineage_hash"] == hash
    return bool(is_same and not _is_old(record, variable) and not record["is_evicted"])


def _is_old(record: Mapping[str, Any], variable: Type[BaseVariable]) -> bool:
    return bool(record["matches"] and record["schema_version"] != variable.schema_version)


def _shown(metadata: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in metadata.items()) or "a location without keys"


def _key(location: Location) -> Any:
    return tuple(sorted((name, type(value).__name__, value) for name, value in location.items()))


def _columns(locations: Sequence[Location]) -> Dict[str, Any]:
    """A column for each key, as numbers where all are."""
    np = numpy()
    columns: Dict[str, Any] = {}
    # Of locations without a key, a column of nothing says how many there are.
    for name in dict.fromkeys(name for location in locations for name in location) or ("-",):
        values = [location.get(name) for location in locations]
        is_whole = np is not None and all(type(value) is int and -(2**63) <= value < 2**63 for value in values)
        columns[name] = np.array(values, np.int64) if is_whole else values
    return columns


def _rows(answer: Mapping[str, Any], count: int) -> List[Result]:
    """The answer of `variables.find`, a dict for each location."""
    texts = {}
    for name in ("record_id", "content_hash", "lineage_hash"):
        values = [*answer[name]["values"], None]
        texts[name] = [values[code] for code in _plain(answer[name]["codes"])]
    numbers = {name: _plain(answer[name]) for name in ("matches", "schema_version", "is_exact", "is_evicted")}
    names = [*texts, *numbers]
    return [dict(zip(names, row)) for row in zip(*texts.values(), *numbers.values())]


def _plain(array: Any) -> List[Any]:
    values: List[Any] = array.tolist()
    return values
