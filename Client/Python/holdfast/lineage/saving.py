"""What is to be saved, one by one or many at once."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Mapping

from ..checks import by_name, shown, text, whole, wrong
from ..client import Client
from ..errors import HoldfastError
from ..wire.array import Array

if TYPE_CHECKING:
    from .variable import BaseVariable

#: How many values, and bytes of them, a request has at most.
_MOST, _BYTES = 1000, 32 << 20


#: The arguments of `load` that are no metadata.
_RESERVED = ("client", "version", "as_of")


def checked_metadata(name: str, value: Any) -> Dict[str, Any]:
    """Metadata, numbers of NumPy in it as Python's; raises HoldfastError for some under which nothing could be loaded."""
    given = by_name(name, value, "it is a dictionary with a value for each key")
    for key in given:
        if key in _RESERVED:
            raise HoldfastError("invalid_value", f'{name} has "{key}", which is an argument of load(); give it another name')
    return {text(f"a key in {name}", key): _scalar(f"{name}[{shown(key)}]", item) for key, item in given.items()}


def _scalar(name: str, value: Any) -> Any:
    item = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
    if isinstance(item, str):
        return text(name, item)
    if isinstance(item, bool):
        return item
    if isinstance(item, int):
        return whole(name, item)
    # NaN is equal to nothing, and infinities would be texts.
    if isinstance(item, float) and math.isfinite(item):
        return item
    raise wrong(name, value, "it is a text, a finite number, True or False")


class Pending:
    """Data on their way to become a variable's record."""

    def __init__(self, kind: Any, data: Any, metadata: Mapping[str, Any], ephemeral: bool) -> None:
        """Raises HoldfastError with unsaved_input; see `BaseVariable.save`."""
        from .thunks import ThunkOutput  # which needs this module
        from .variable import BaseVariable

        self.source = data
        self.output = data if isinstance(data, ThunkOutput) else None
        lineage = None if self.output is None else self.output.lineage(ephemeral, f"{kind.variable_name}.save")
        self.variable: BaseVariable = kind(data.data if isinstance(data, (ThunkOutput, BaseVariable)) else data)
        self.variable.metadata = checked_metadata("metadata", metadata)
        #: The parameters of `variables.save`.
        self.request: Dict[str, Any] = {
            "variable": kind.variable_name,
            "value": self.variable.to_db(),
            "metadata": self.variable.metadata,
            "schema_version": kind.schema_version,
        }
        if lineage is not None:
            self.request["lineage"] = lineage

    def was_saved(self, answer: Mapping[str, Any]) -> None:
        """Notes what the server has answered."""
        if answer.get("differs_from"):
            warnings.warn(
                f"{self.variable.variable_name} {answer['differs_from']} was evicted, and the same call gave something else "
                "now: the function depends on more than its arguments",
                stacklevel=3,
            )
        self.variable.was_saved(answer["record_id"], answer["content_hash"])
        if self.output is not None:
            self.variable.lineage_hash = self.output.lineage_hash
            self.output.was_saved(self.variable)
        elif isinstance(self.source, type(self.variable)) and self.source.record_id is None:
            self.source.metadata = self.variable.metadata
            self.source.was_saved(answer["record_id"], str(self.variable.content_hash))


def save_pending(waiting: Iterable[Pending], client: Client) -> None:
    """Saves them all, some in a request; those of a request all or none."""
    for group in _groups(waiting):
        answers = client.variables.save_many([pending.request for pending in group])["saved"]
        for pending, answer in zip(group, answers):
            pending.was_saved(answer)


def _groups(waiting: Iterable[Pending]) -> Iterator[List[Pending]]:
    group: List[Pending] = []
    size = 0
    for pending in waiting:
        bytes = _size(pending.request["value"])
        if group and (len(group) == _MOST or size + bytes > _BYTES):
            yield group
            group, size = [], 0
        group.append(pending)
        size += bytes
    if group:
        yield group


def _size(value: Any) -> int:
    """About how many bytes a value takes."""
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_size, value))
    if isinstance(value, Array):
        return len(value.data)
    return int(getattr(value, "nbytes", 0)) or len(str(value))
