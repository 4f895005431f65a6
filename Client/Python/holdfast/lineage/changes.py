"""Why a record is not the one before it."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Union

from ..checks import wrong
from ..client import Client
from ..errors import HoldfastError
from .current import current
from .thunks import ThunkOutput
from .variable import BaseVariable


class Change:
    """One difference: `kind` is function, input or constant; `before` and `after` are what is known of both."""

    def __init__(self, kind: str, name: str, before: Any, after: Any) -> None:
        self.kind = kind
        self.name = name
        self.before = before
        self.after = after

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.kind}: {self.name} is new"
        if self.after is None:
            return f"{self.kind}: {self.name} is gone"
        return f"{self.kind}: {self.name} changed from {self.before} to {self.after}"

    def __repr__(self) -> str:
        return f"<{self}>"


def why(record: Union[BaseVariable, ThunkOutput, str], client: Optional[Client] = None) -> List[Change]:
    """What changed against the call before it at the same location; empty where there is none to compare with.

    `record`: a saved variable or thunk output, or a record_id. Raises HoldfastError for what was never saved.
    """
    if not isinstance(record, (str, BaseVariable, ThunkOutput)):
        raise wrong("record", record, "it is a saved variable or thunk output, or a record_id")
    record_id = record if isinstance(record, str) else record.record_id
    if record_id is None:
        raise HoldfastError("invalid_value", f"{record!r} was never saved, and has nothing to compare")
    known = current(client)
    if known.lineage.get(record_id).get("lineage") is None:
        return []
    return changes_of(known.lineage.why(record_id))


def changes_of(answer: Mapping[str, Any]) -> List[Change]:
    """The changes that `lineage.why` tells."""
    return [Change(one["kind"], one["name"], one.get("before"), one.get("after")) for one in answer["changes"]]
