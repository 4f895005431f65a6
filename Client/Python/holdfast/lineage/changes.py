"""Why a record is not the one before it."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Union

from ..client import Client
from ..errors import ServerError
from .arguments import constants_by_name
from .current import current
from .variable import BaseVariable

Lineage = Mapping[str, Any]


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


def why(record: Union[BaseVariable, Any, str], client: Optional[Client] = None) -> List[Change]:
    """What changed against the newest other record at the same location; empty where there is none to compare with.

    `record`: a saved variable or thunk output, or a record_id.
    """
    known = current(client)
    record_id: str = record if isinstance(record, str) else str(record.record_id)
    node = known.lineage.get(record_id)
    if node.get("lineage") is None:
        return []
    location = location_of(node.get("metadata") or {}, known)
    for version in known.variables.versions(node["output_type"], location):
        if version["record_id"] != record_id and location_of(version["metadata"], known) == location:
            other = lineage_of(version["record_id"], known)
            if other is not None:
                return differences(other, node["lineage"])
    return []


def location_of(metadata: Mapping[str, Any], client: Client) -> Dict[str, Any]:
    """The schema keys of metadata; all of them until keys are declared."""
    keys = [key["name"] for key in client.variables.schema()["keys"]]
    return {name: value for name, value in metadata.items() if not keys or name in keys}


def lineage_of(record_id: str, client: Client) -> Optional[Lineage]:
    """What made a record, if that is known."""
    try:
        lineage: Optional[Lineage] = client.lineage.get(record_id).get("lineage")
    except ServerError as error:
        if error.kind != "not_found":
            raise
        return None
    return lineage


def differences(before: Lineage, after: Lineage) -> List[Change]:
    """Between what made two records."""
    changes: List[Change] = []
    if before["function_name"] != after["function_name"]:
        changes.append(Change("function", "name", before["function_name"], after["function_name"]))
    if before["function_hash"] != after["function_hash"]:
        old, new = _parts(before), _parts(after)
        found = [Change("function", name, old.get(name), new.get(name)) for name in _either(old, new)]
        whole = Change("function", str(after["function_name"]), before["function_hash"][:16], after["function_hash"][:16])
        changes += found or [whole]
    old_inputs = {entry["name"]: entry["record_id"] for entry in before["inputs"]}
    new_inputs = {entry["name"]: entry["record_id"] for entry in after["inputs"]}
    one, two = constants_by_name(before["constants"]), constants_by_name(after["constants"])
    for name in sorted(one.keys() | two.keys()):
        was, now = one.get(name), two.get(name)
        if was is not None and now is not None and was["hash"] == now["hash"]:
            continue
        if "value" in (now or was or {}):
            changes.append(Change("constant", name, _shown(was), _shown(now)))
            continue
        inner = [key for key in _either(old_inputs, new_inputs) if key == name or key.startswith((f"{name}[", f"{name}/"))]
        changes += [Change("input", key, old_inputs.get(key), new_inputs.get(key)) for key in inner]
        if not inner:
            changes.append(Change("input", name, was and was["hash"][:16], now and now["hash"][:16]))
    return changes


def _either(before: Mapping[str, Any], after: Mapping[str, Any]) -> List[str]:
    return [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]


def _parts(lineage: Lineage) -> Mapping[str, Any]:
    for entry in lineage["constants"]:
        if isinstance(entry, dict) and isinstance(entry.get("parts"), dict):
            parts: Mapping[str, Any] = entry["parts"]
            return parts
    return {}


def _shown(entry: Optional[Mapping[str, Any]]) -> Optional[str]:
    return None if entry is None else repr(entry.get("value", entry["hash"][:16]))
