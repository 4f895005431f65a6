"""What a thunk is given: its hash, its data, and where it came from."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional, Tuple, Type

from ..errors import HoldfastError
from .canonical import frame, number, sha
from .codec import exact_hash
from .identity import Graph
from .reference import Reference
from .variable import BaseVariable


class Argument:
    """An argument by its parameter's name.

    Its hash is over frame("content") and the content hash, for arrays, variables and outputs that come back from the server
    as they are; over frame("decoded"), the content hash and the identity of its class's `from_db`, for variables with a
    codec of their own; over frame("columns"), the hash of the variable and the names, for columns picked out of a table;
    over frame("reference") and frame(its text), for references; else over frame("constant") and the canonical form, in which types count: 1, 1.0, True and "1" differ.
    """

    def __init__(self, name: str, value: Any, digest: bytes) -> None:
        self.name = name
        self.value = value
        self.digest = digest

    @staticmethod
    def of(name: str, value: Any, path: str) -> "Argument":
        """Raises HoldfastError with no_identity for a value that can't be hashed."""
        return Argument(name, value, argument_hash(value, path))


def argument_hash(value: Any, path: str) -> bytes:
    """See Argument."""
    known = _hash_of_data(value)
    return known if known is not None else constant_hash(value, path)


def constant_hash(value: Any, path: str) -> bytes:
    """Of a plain value, in which variables and outputs may be."""
    plain = value.data if _is_output(value) or isinstance(value, BaseVariable) else value
    return sha(frame("constant"), Graph(_hash_of_data).identity(plain, path).hash)


def record_hash(kind: Type[BaseVariable], content: str, columns: Optional[Tuple[str, ...]] = None) -> bytes:
    """Of a variable by its record alone."""
    return record_hasher(kind, columns)(content)


def record_hasher(kind: Type[BaseVariable], columns: Optional[Tuple[str, ...]] = None) -> Callable[[str], bytes]:
    """The hash of a variable by its record's content hash; what is the same for all its records is hashed once."""
    codec = Graph().identity(kind.from_db, f"{kind.__name__}.from_db").hash if kind.has_own_codec() else b""
    head = frame("decoded" if kind.has_own_codec() else "content")
    picked = b"" if not columns else number(len(columns)) + b"".join(map(frame, columns))

    def hashed(content: str) -> bytes:
        whole = sha(head, bytes.fromhex(content), codec)
        return sha(frame("columns"), whole, picked) if columns else whole

    return hashed


def _hash_of_data(value: Any) -> Optional[bytes]:
    """Of what has a content hash; None for constants."""
    if _is_output(value):
        loaded, saved = value.loaded, value.variable
        if loaded is not None and loaded.data is value.data and loaded.is_unchanged:
            return record_hash(type(loaded), loaded.content_hash)
        own = exact_hash(value.data)
        # An output that was saved is the same as one that was loaded, if that would be the same.
        if own is not None and saved is not None and saved.has_own_codec() and saved.is_unchanged:
            if own == exact_hash(saved.from_db(saved.to_db())):
                return record_hash(type(saved), saved.content_hash)
        return None if own is None else sha(frame("content"), bytes.fromhex(own))
    if isinstance(value, BaseVariable):
        if value.content_hash is not None and value.is_unchanged:
            return record_hash(type(value), value.content_hash, value.columns)
        own = exact_hash(value.data)
        return None if own is None else sha(frame("content"), bytes.fromhex(own))
    if isinstance(value, Reference):
        return sha(frame("reference"), frame(value.text))
    if type(value) in (int, float, str, bool, list, dict, tuple) or value is None:
        return None
    own = exact_hash(value)
    return None if own is None else sha(frame("content"), bytes.fromhex(own))


def _is_output(value: Any) -> bool:
    from .thunks import ThunkOutput  # which needs this module

    return isinstance(value, ThunkOutput)


def data_of(value: Any) -> Any:
    """What the function gets."""
    if isinstance(value, BaseVariable) or _is_output(value):
        return value.data
    if type(value) in (list, tuple):
        return type(value)(map(data_of, value))
    return {key: data_of(item) for key, item in value.items()} if type(value) is dict else value


def described(
    argument: Argument, path: str, ephemeral: bool, inputs: List[Dict[str, Any]], constants: List[Dict[str, Any]]
) -> None:
    """Adds an argument to what is recorded as inputs and constants; raises HoldfastError with unsaved_input."""
    found: List[Tuple[str, Any]] = []
    _sources(argument.name, argument.value, found)
    for name, source in found:
        if isinstance(source, Reference):
            inputs.append({"name": name, "record_id": source.text, "type": source.kind})
            continue
        variable = source.variable if _is_output(source) else source
        if variable is not None and variable.record_id is not None and variable.is_unchanged and variable.data is source.data:
            inputs.append({"name": name, "record_id": variable.record_id, "type": variable.variable_name})
        elif not ephemeral:
            raise _unsaved(source, variable, path)
        elif _is_output(source):
            made: Dict[str, Any] = {"function": source.invocation.name, "function_hash": source.function_hash}
            made.update({"lineage_hash": source.lineage_hash, "output_num": source.output_num})
            constants.append({"name": name, "ephemeral": made})
            for inner in source.invocation.arguments:
                renamed = Argument(f"{name}/{inner.name}", inner.value, inner.digest)
                described(renamed, f"{path} → {source.invocation.name}({inner.name})", True, inputs, constants)
        else:
            constants.append({"name": name, "ephemeral": {"variable": source.variable_name}})
    columns = getattr(argument.value, "columns", None) if isinstance(argument.value, BaseVariable) else None
    entry: Dict[str, Any] = {"name": argument.name, "hash": argument.digest.hex()}
    if columns:
        entry["columns"] = list(columns)
    if not found:
        entry["value"] = _shown(argument.value)
    constants.append(entry)


def _sources(name: str, value: Any, found: List[Tuple[str, Any]]) -> None:
    if isinstance(value, (BaseVariable, Reference)) or _is_output(value):
        found.append((name, value))
    elif type(value) in (list, tuple):
        for index, item in enumerate(value):
            _sources(f"{name}[{index}]", item, found)
    elif type(value) is dict:
        for key, item in value.items():
            _sources(f"{name}[{key!r}]", item, found)


def _unsaved(source: Any, variable: Optional[BaseVariable], path: str) -> HoldfastError:
    if _is_output(source) and source.record_id is None:
        what = f"output {source.output_num} of {source.invocation.name} was never saved"
    elif variable is not None and variable.record_id is not None:
        what = f"the data of {variable.variable_name} {variable.record_id} were changed since it was loaded or saved"
    else:
        what = f"a {source.variable_name} was never saved"
    return HoldfastError("unsaved_input", f"{path}: {what}; save it first, or give ephemeral=True")


def _shown(value: Any) -> Any:
    """A constant for people."""
    if value is None or type(value) in (bool, str) or (type(value) is int and abs(value) < 2**53):
        return value if not isinstance(value, str) else value[:200]
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
