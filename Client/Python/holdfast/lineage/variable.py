"""Variables as classes: named kinds of data that are saved at locations, in versions."""

from __future__ import annotations

from typing import Any, ClassVar, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Type, TypeVar, cast

from ..calls.noun import Result
from ..checks import listed, text, wrong
from ..client import Client
from ..errors import HoldfastError
from ..words import hint
from . import codec
from .canonical import content_hash
from .current import current
from .saving import Pending, checked_metadata, save_pending

V = TypeVar("V", bound="BaseVariable")

#: The classes by the names of their variables; a class that is defined again takes the place of the old one.
_classes: Dict[str, Type["BaseVariable"]] = {}


class BaseVariable:
    """A kind of data: `class Raw(BaseVariable): pass`, then `Raw.save(array, subject=1)` and `Raw.load(subject=1).data`.

    Arrays, numbers, JSON, dicts of arrays and DataFrames are saved as they are; for other data override `to_db` and
    `from_db`. Tables are loaded as `holdfast.Columns`, or with `as_frame = True` as DataFrames, with their columns in the
    order of the names and without an index.
    """

    schema_version: ClassVar[int] = 1
    #: The name on the server; by default the class's.
    variable_name: ClassVar[str] = "BaseVariable"
    as_frame: ClassVar[bool] = False

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        if "variable_name" not in cls.__dict__:
            cls.variable_name = cls.__name__
        _classes[cls.variable_name] = cls

    def __init__(self, data: Any) -> None:
        self.data = data
        self.record_id: Optional[str] = None
        self.metadata: Dict[str, Any] = {}
        self.lineage_hash: Optional[str] = None
        self.content_hash: Optional[str] = None
        #: The columns that were picked out of a table.
        self.columns: Optional[Tuple[str, ...]] = None
        self._fingerprint: Optional[str] = None

    def to_db(self) -> Any:
        """What is saved: an array, {"table": columns} or {"json": anything}."""
        return codec.encode(self.data)

    @classmethod
    def from_db(cls, value: Any) -> Any:
        """The data of what was saved."""
        return codec.decode(value, cls.as_frame)

    @classmethod
    def save(
        cls: Type[V], data: Any, client: Optional[Client] = None, ephemeral: bool = False, **metadata: Any
    ) -> V:
        """Saves data at a location, and its lineage when a thunk made it; returns what was saved, with its record_id.

        Raises HoldfastError with unsaved_input when a thunk made it of something that was never saved; `ephemeral` allows
        that, and records what it was made of in place of a record. Metadata may not have the name of an argument of `load`.
        """
        pending = Pending(cls, data, metadata, ephemeral)
        pending.was_saved(current(client).variables.save(**pending.request))
        return cast(V, pending.variable)

    @classmethod
    def save_all(
        cls: Type[V],
        items: Iterable[Tuple[Any, Mapping[str, Any]]],
        client: Optional[Client] = None,
        ephemeral: bool = False,
    ) -> List[V]:
        """Saves many data with their metadata, a thousand in a request: far faster than one by one where they are small."""
        waiting = []
        for place, item in enumerate(listed("items", items)):
            if not isinstance(item, (tuple, list)) or len(item) != 2:
                raise wrong(f"items[{place}]", item, "it is a pair of data and metadata")
            waiting.append(Pending(cls, item[0], item[1], ephemeral))
        save_pending(waiting, current(client))
        return [cast(V, pending.variable) for pending in waiting]

    @classmethod
    def load(
        cls: Type[V],
        client: Optional[Client] = None,
        version: Optional[str] = None,
        as_of: Optional[float] = None,
        **metadata: Any,
    ) -> V:
        """The latest at a location, or the record `version`."""
        return cls._of(current(client).variables.load(cls.variable_name, _asked(metadata) or None, version, as_of))

    @classmethod
    def load_all(
        cls: Type[V], client: Optional[Client] = None, as_of: Optional[float] = None, **metadata: Any
    ) -> Iterator[V]:
        """The latest at every location that fits, one by one."""
        for record in current(client).variables.load_all(cls.variable_name, _asked(metadata), as_of):
            yield cls._of(record)

    @classmethod
    def versions(cls, client: Optional[Client] = None, **metadata: Any) -> List[Result]:
        """What was saved, the newest first, without the data."""
        return list(current(client).variables.versions(cls.variable_name, _asked(metadata)))

    @classmethod
    def delete(cls, client: Optional[Client] = None, version: Optional[str] = None, **metadata: Any) -> int:
        """Deletes the record `version`, or all at a location; how many these were."""
        where = _asked(metadata)
        result = current(client).variables.delete(cls.variable_name, version, where if version is None else where or None)
        deleted: int = result["deleted"]
        return deleted

    @classmethod
    def has_own_codec(cls) -> bool:
        """Whether its data are more than what the server has."""
        own = cls.from_db.__func__ is not BaseVariable.from_db.__func__  # type: ignore[attr-defined]
        return own or cls.to_db is not BaseVariable.to_db or cls.as_frame

    @classmethod
    def _of(cls: Type[V], record: Mapping[str, Any]) -> V:
        if record.get("is_evicted"):
            raise HoldfastError(
                "evicted", f"the value of the {cls.variable_name} {record['record_id']} was evicted; compute it again"
            )
        if record["schema_version"] != cls.schema_version:
            raise HoldfastError(
                "schema_version",
                f"the {cls.variable_name} {record['record_id']} has schema version {record['schema_version']}, the class "
                f"{cls.__name__} {cls.schema_version}",
            )
        variable = cls(cls.from_db(record["value"]))
        variable.record_id, variable.metadata = record["record_id"], dict(record["metadata"])
        variable.lineage_hash, variable.content_hash = record.get("lineage_hash"), record["content_hash"]
        # What another to_db makes of the data need not be what was saved.
        variable._fingerprint = content_hash(variable.to_db()) if cls.has_own_codec() else variable.content_hash
        return variable

    def was_saved(self, record_id: str, content: str) -> None:
        """From now on it is the record's, with this content hash."""
        self.record_id, self.content_hash, self._fingerprint = record_id, content, content

    @property
    def is_unchanged(self) -> bool:
        """Whether the data are still those of the record."""
        return self._fingerprint is not None and content_hash(self.to_db()) == self._fingerprint

    def select(self: V, *columns: str) -> V:
        """Some of a table's columns, as an input of a thunk; a single one as an array. Raises HoldfastError for one
        that isn't there."""
        known = list(map(str, self.data)) if hasattr(self.data, "keys") else []
        if not columns:
            raise HoldfastError("invalid_value", f"select() takes names of columns; {self.variable_name} has {_told(known)}")
        missing = [name for name in columns if text("a column", name) not in known]
        if missing:
            fault = f"{', '.join(missing)}{hint(missing[0], known)}; it has {_told(known)}"
            raise HoldfastError("invalid_value", f"{self.variable_name} has no column {fault}")
        chosen = type(self)(self.data[columns[0]] if len(columns) == 1 else _picked(self.data, columns))
        chosen.__dict__.update({name: value for name, value in self.__dict__.items() if name not in ("data", "columns")})
        chosen.columns = columns
        # The columns alone are encoded when it is asked whether they were changed.
        chosen._fingerprint = content_hash(chosen.to_db()) if self.is_unchanged else None
        return chosen

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.record_id or 'not saved'}, {self.metadata})"


def _asked(metadata: Mapping[str, Any]) -> Dict[str, Any]:
    return checked_metadata("metadata", metadata)


def _told(names: List[str]) -> str:
    return ", ".join(names[:20]) + (" …" if len(names) > 20 else "") if names else "no columns"


def _picked(data: Any, columns: Tuple[str, ...]) -> Any:
    return type(data)({name: data[name] for name in columns}) if isinstance(data, dict) else data[list(columns)]


def class_of(variable: str) -> Optional[Type[BaseVariable]]:
    """The class of a variable, if this process has one."""
    return _classes.get(variable)
