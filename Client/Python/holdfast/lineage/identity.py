"""What a function or a value *is*: a graph of everything that can change what it does, and the hash over it."""

from __future__ import annotations

import enum
import functools
import importlib
import struct
import sys
from types import BuiltinFunctionType, CellType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Set, Tuple

from ..errors import HoldfastError
from ..optional import numpy
from ..wire.array import Array
from . import source
from .canonical import array_hash, frame, number, sha
from .codec import is_kept
from .places import is_ours, is_project, version_of

Edge = Tuple[str, Any]
#: Members of a class that say nothing of what it does, or differ from process to process.
_SILENT = frozenset(
    "__module__ __doc__ __dict__ __weakref__ __firstlineno__ __static_attributes__ __slotnames__ __abstractmethods__ "
    "_abc_impl __qualname__ __orig_bases__ __parameters__ __classcell__ __match_args__ __annotations_cache__ __annotate_func__ "
    "variable_name".split()
)
_TYPING = ("typing", "types", "_typing", "weakref", "abc", "_abc")
_SPECIAL = frozenset((*_TYPING, "logging", "_thread", "threading", "re", "builtins"))
_REACHES_ALL = frozenset(("globals", "eval", "exec"))


class Identity:
    """The hash, and the hash of each part by its name, such as "function clean" or "global RATE"."""

    def __init__(self, hash: bytes, parts: Dict[str, str]) -> None:
        self.hash = hash
        self.parts = parts


class Node:
    """One thing: its own bytes, and what else it is made of, by name."""

    __slots__ = ("own", "edges", "label", "number", "thing")

    def __init__(self, thing: Any, label: str, own: bytes, edges: List[Edge]) -> None:
        self.thing = thing  # kept, so that its id() is not used again
        self.label = label
        self.own = own
        self.edges = edges
        self.number = 0


class Graph:
    """Everything that can be reached from one thing, in the order in which names lead there.

    A node is visited once and gets a number; the hash is over every node's own bytes and the numbers its names lead to.
    So functions that call each other are hashed as one, and neither modules' names nor files matter.
    """

    def __init__(self, unwrap: Optional[Callable[[Any], Optional[bytes]]] = None) -> None:
        self._nodes: Dict[Any, Node] = {}
        self._order: List[Node] = []
        self._leaves: Dict[bytes, Node] = {}
        self._kept: List[Any] = []  # so that no id() is used again
        self._unwrap = unwrap

    def identity(self, thing: Any, path: str) -> Identity:
        """Raises HoldfastError with no_identity for what can't be hashed, which it names."""
        self._visit(thing, path)
        parts: List[bytes] = []
        labels: Dict[str, List[bytes]] = {}
        for node in self._order:
            edges = b"".join(frame(name) + number(self._nodes[self._key(target)].number) for name, target in node.edges)
            parts += [frame(node.own), number(len(node.edges)), edges]
            if node.label:
                labels.setdefault(node.label, []).append(self._shallow(node, True))
            for name, target in node.edges:
                inner = self._nodes[self._key(target)]
                if _is_named(name) and not inner.label:
                    labels.setdefault(name, []).append(self._shallow(inner, False))
        return Identity(sha(*parts), {label: sha(*hashes).hex()[:16] for label, hashes in labels.items()})

    def _shallow(self, node: Node, is_part: bool) -> bytes:
        """The hash of a part's own bytes and of the values in it, without the parts that have a name of their own."""
        found, seen, todo = [node.own], {id(node)}, list(node.edges)
        while todo:
            name, target = todo.pop(0)
            inner = self._nodes[self._key(target)]
            found.append(frame(name))
            if not inner.label and id(inner) not in seen and not (is_part and _is_named(name)):
                seen.add(id(inner))
                found.append(inner.own)
                todo = inner.edges + todo
        return sha(*map(frame, found))

    @staticmethod
    def _key(thing: Any) -> Any:
        if type(thing) in (int, str, bytes, float, complex, bool, type(None)):
            return type(thing), struct.pack("<d", thing) if type(thing) is float else repr(thing)
        return id(thing)

    def _visit(self, start: Any, path: str) -> None:
        todo: List[Tuple[Any, str]] = [(start, path)]
        while todo:
            thing, path = todo.pop()
            key = self._key(thing)
            if key in self._nodes:
                continue
            node = self._node(thing, path)
            if not node.edges and not node.label:  # equal values are the same, whether they are one object or several
                known = self._leaves.setdefault(node.own, node)
                self._kept.append(thing)
                if known is not node:
                    self._nodes[key] = known
                    continue
            node.number = len(self._order)
            self._nodes[key] = node
            self._order.append(node)
            for name, target in reversed(node.edges):
                todo.append((target, f"{path} → {name}" if name else path))

    def _node(self, thing: Any, path: str) -> Node:
        if self._unwrap is not None:
            own = self._unwrap(thing)
            if own is not None:
                return Node(thing, "", own, [])
        plain = _plain(thing)
        if plain is not None:
            return Node(thing, "", plain, [])
        if isinstance(thing, _Missing):
            return Node(thing, "", b"missing", [])
        if isinstance(thing, ModuleType):
            return self._module(thing)
        if isinstance(thing, type):
            return self._class(thing)
        if isinstance(thing, FunctionType):
            return self._function(thing)
        return _value(thing, path)

    def _module(self, module: ModuleType) -> Node:
        name = module.__name__
        if not is_project(name):
            return _external(module, name, "")
        members = [
            (member, value)
            for member, value in sorted(vars(module).items())
            if not (member.startswith("__") and member.endswith("__"))
        ]
        return Node(module, f"module {name}", b"module", members)

    def _class(self, cls: type) -> Node:
        if not is_project(cls.__module__):
            return _external(cls, cls.__module__, cls.__qualname__)
        if issubclass(cls, enum.Enum):
            members: List[Edge] = [(name, member.value) for name, member in cls.__members__.items()]
            members += [(name, value) for name, value in sorted(cls.__dict__.items()) if _is_enum_method(name, value)]
            return Node(cls, f"class {cls.__qualname__}", b"enum" + frame(cls.__qualname__), members)
        edges: List[Edge] = [(f"base {index}", base) for index, base in enumerate(cls.__bases__) if base is not object]
        if type(cls) is not type:
            edges.append(("metaclass", type(cls)))
        for name, member in sorted(cls.__dict__.items()):
            if name not in _SILENT and not (hasattr(member, "__objclass__") or type(member).__module__ == "collections"):
                edges.append((name, member))
        return Node(cls, f"class {cls.__qualname__}", b"class" + frame(cls.__qualname__), edges)

    def _function(self, function: FunctionType) -> Node:
        if not is_project(function.__module__) and not is_project(function.__globals__.get("__name__")):
            return _external(function, function.__module__, function.__qualname__)
        space = function.__globals__
        if not is_project(space.get("__name__")):  # what functools and its like made of a project's function
            return _wrapper(function)
        own, decorators = source.digest(function.__code__, lambda name: _is_our_decorator(name, space))
        code, defaults = function.__code__, function.__defaults__ or ()
        edges: List[Edge] = [
            (f"default {name}", value)
            for name, value in zip(code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount], defaults)
        ]
        edges += [(f"default {name}", value) for name, value in sorted((function.__kwdefaults__ or {}).items())]
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        names, imports = source.names_used(function.__code__)
        names |= set(decorators) | set(cells)
        if names & _REACHES_ALL and function.__module__ in sys.modules:
            edges.append(("module", sys.modules[function.__module__]))
        names |= {name for value in _annotations(function) for name in _annotated(value)}
        for name in sorted(names):
            edges += [(f"global {found}", target) for found, target in _resolved(name, cells, space)]
        for value in _annotations(function):
            if isinstance(value, type) and is_project(value.__module__):
                edges.append((f"type {value.__qualname__}", value))
        for module, level, members in sorted(imports):
            edges += _imported(module, level, members, space)
        for name, value in sorted(function.__dict__.items()):
            if name == "__wrapped__" or not name.startswith("__"):
                edges.append((f"attribute {name}", value))
        qualname = function.__qualname__
        return Node(function, f"function {qualname}", b"function" + frame(qualname) + own, edges)


def _is_named(edge: str) -> bool:
    return edge.startswith(("global ", "default "))


class _Missing:
    """In the place of a name that isn't there (yet)."""


_MISSING = _Missing()


def _annotations(function: FunctionType) -> List[Any]:
    try:
        return list(function.__annotations__.values())
    except NameError:  # Python 3.14 evaluates them now
        return []


def _annotated(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.replace(".", "").isidentifier():
        yield value


def _is_our_decorator(name: str, space: Mapping[str, Any]) -> bool:
    found = _resolved(name, {}, space)
    target = found[0][1] if found else None
    return is_ours(target.module.__name__ if isinstance(target, _Used) else getattr(target, "__module__", None))


def _wrapper(function: FunctionType) -> Node:
    own = b"wrapper" + frame(function.__qualname__) + frame(version_of(function.__globals__.get("__name__")))
    edges: List[Edge] = [("wrapped", getattr(function, "__wrapped__", None)), ("more", getattr(function, "registry", None))]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or ()):
        if not isinstance(cell.cell_contents, FunctionType) and type(cell.cell_contents).__module__ != "weakref":
            edges.append((f"cell {name}", cell.cell_contents))
        elif isinstance(cell.cell_contents, FunctionType) and is_project(cell.cell_contents.__globals__.get("__name__")):
            edges.append((f"cell {name}", cell.cell_contents))
    return Node(function, "", own, edges)


def _resolved(name: str, cells: Mapping[str, CellType], space: Mapping[str, Any]) -> List[Edge]:
    """What a dotted name leads to: through modules to what is used of them, else its first part."""
    first, *rest = name.split(".")
    if first in cells:
        try:
            target = cells[first].cell_contents
        except ValueError:
            target = _MISSING
    elif first in space:
        target = space[first]
    else:
        builtins = space.get("__builtins__", {})
        found = vars(builtins) if isinstance(builtins, ModuleType) else builtins
        # Builtins belong to Python; what isn't there at all may come later.
        return [] if first in found else [(first, _MISSING)]
    reached = first
    while isinstance(target, ModuleType) and rest:
        if not is_project(target.__name__):
            return [(name, _Used(target, ".".join(rest)))]
        part = rest.pop(0)
        reached = f"{reached}.{part}"
        target = getattr(target, part, _MISSING)
    return [(reached, target)]


def _is_enum_method(name: str, value: Any) -> bool:
    return name not in _SILENT and isinstance(value, (FunctionType, staticmethod, classmethod, property)) and (
        not isinstance(value, FunctionType) or is_project(value.__globals__.get("__name__"))
    )


class _Used:
    """Something of a module that isn't the project's."""

    _all: Dict[Tuple[str, str], "_Used"] = {}

    def __new__(cls, module: ModuleType, name: str) -> "_Used":
        # One object each, as nodes are told apart by their ids.
        made = super().__new__(cls)
        made.module, made.name = module, name
        return cls._all.setdefault((module.__name__, name), made)

    module: ModuleType
    name: str


def _imported(module: str, level: int, members: Tuple[str, ...], space: Mapping[str, Any]) -> List[Edge]:
    """What an import statement in a function leads to."""
    try:
        package = str(space.get("__package__") or "")
        loaded = importlib.import_module("." * level + module, package if level else None)
    except Exception:  # then the function fails as well, or does without
        return [(f"import {module}", _MISSING)]
    if not members:
        return [(f"import {module}", loaded)]
    edges: List[Edge] = []
    for member in members:
        name = f"global {module}.{member}"
        edges.append((name, loaded if member == "*" else getattr(loaded, member, _MISSING)))
    return edges


def _external(thing: Any, module: Optional[str], name: str) -> Node:
    version = version_of(module)
    own = b"external" + frame((module or "builtins").split(".")[0]) + frame(name) + frame(version)
    return Node(thing, f"package {(module or 'builtins').split('.')[0]}" if version else "", own, [])


def _plain(thing: Any) -> Optional[bytes]:
    """The canonical form of a value without parts: a letter for its type, then its bytes; None for others."""
    kind = type(thing)
    if thing is None:
        return b"n"
    if thing is Ellipsis:
        return b"e"
    if thing is NotImplemented:
        return b"N"
    if kind is bool:
        return b"t" if thing else b"f"
    if kind is int:
        return b"i" + frame(str(thing))
    if kind is float:
        return b"d" + _float(thing)
    if kind is complex:
        return b"c" + _float(thing.real) + _float(thing.imag)
    if kind is str:
        return b"s" + frame(thing)
    if kind in (bytes, bytearray):
        return b"b" + frame(kind.__name__) + frame(bytes(thing))
    if isinstance(thing, Array):
        return b"A" + array_hash(thing)
    np = numpy()
    if np is not None:
        if isinstance(thing, np.dtype):
            return b"D" + frame(thing.str if thing.names is None else str(thing.descr))
        if isinstance(thing, np.generic):
            return b"g" + frame(thing.dtype.str) + frame(thing.tobytes())
        if isinstance(thing, np.ndarray) and type(thing) is np.ndarray and not thing.dtype.hasobject:
            if is_kept(thing.dtype):
                return b"A" + array_hash(Array.of(thing))
            shape = b"".join(map(number, thing.shape))
            return b"a" + frame(str(thing.dtype.descr)) + number(thing.ndim) + shape + frame(thing.tobytes())
    return None


def _float(value: float) -> bytes:
    return struct.pack("<d", float("nan") if value != value else value)


def _value(thing: Any, path: str) -> Node:
    """A value with parts."""
    kind = type(thing)
    if isinstance(thing, _Used):
        # What it is now decides its name: numpy.sin by another name is the same.
        return _external(thing, thing.module.__name__, thing.name)
    if kind in (list, tuple):
        return Node(thing, "", b"l" if kind is list else b"u", [("", item) for item in thing])
    if kind in (set, frozenset):
        hashes = sorted(_hash_of(item, path) for item in thing)
        return Node(thing, "", b"S" + frame(kind.__name__) + b"".join(hashes), [])
    if isinstance(thing, dict) and (kind is dict or not is_project(kind.__module__)):
        # In its own order, which a function can see.
        keys = b"".join(_hash_of(key, path) for key in thing)
        made_by = getattr(thing, "default_factory", None)
        edges: List[Edge] = [] if made_by is None else [("default_factory", made_by)]
        return Node(thing, "", b"o" + frame(kind.__name__) + keys, edges + [("", value) for value in thing.values()])
    if isinstance(thing, MappingProxyType):
        return Node(thing, "", b"proxy", [("", dict(thing))])
    if isinstance(thing, BuiltinFunctionType) and isinstance(thing.__self__, (ModuleType, type(None))):
        return _external(thing, thing.__module__, thing.__qualname__)
    if isinstance(thing, MethodType):
        return Node(thing, "", b"method", [("function", thing.__func__), ("self", thing.__self__)])
    if isinstance(thing, (staticmethod, classmethod)):
        return Node(thing, "", frame(kind.__name__), [("function", thing.__func__)])
    if isinstance(thing, property):
        return Node(thing, "", b"property", [("get", thing.fget), ("set", thing.fset), ("delete", thing.fdel)])
    if isinstance(thing, functools.partial):
        return Node(thing, "", b"partial", [("function", thing.func), ("args", thing.args), ("keywords", thing.keywords)])
    if isinstance(thing, functools.cached_property):
        return Node(thing, "", b"cached_property", [("function", thing.func)])
    if hasattr(thing, "to_numpy") and kind.__module__.split(".")[0] in ("pandas", "polars"):
        return _frame_of(thing)
    parts = getattr(thing, "__holdfast_identity__", None)
    if callable(parts) and not isinstance(thing, type):
        label, own, edges = parts()
        return Node(thing, label, own, edges)
    if callable(thing) and hasattr(thing, "__wrapped__") and not is_project(kind.__module__):  # lru_cache and its like
        return Node(thing, "", b"wrapper" + frame(kind.__qualname__), [("function", thing.__wrapped__)])
    module = kind.__module__
    if module in _SPECIAL or callable(thing):
        special = _special(thing, module)
        if special is not None:
            return special
    if is_project(module):
        state = {name: getattr(thing, name) for name in _slots(kind) if hasattr(thing, name)}
        state.update(getattr(thing, "__dict__", {}))
        inner: List[Edge] = [("class", kind)]
        builtins: Tuple[Any, ...] = (dict, list, set, frozenset, tuple, int, str, float, bytes)
        for builtin in builtins:
            if isinstance(thing, builtin):
                inner.append(("content", builtin(thing)))
        skipped = "_sort_order_"
        inner += [(name, value) for name, value in sorted(state.items()) if name != skipped and not name.startswith("__")]
        return Node(thing, "", b"instance" + frame(kind.__qualname__), inner)
    return _reduced(thing, path)


def _frame_of(thing: Any) -> Node:
    """A DataFrame, Series or Index."""
    dtype = getattr(thing, "dtype", "")
    own = b"frame" + frame(type(thing).__qualname__) + frame(str(dtype))
    if hasattr(thing, "columns"):
        columns = [thing[name] for name in thing.columns]
        return Node(thing, "", own, [("names", list(thing.columns)), ("index", getattr(thing, "index", None)), ("", columns)])
    parts = [("name", getattr(thing, "name", None)), ("index", getattr(thing, "index", None))]
    values = thing.to_numpy()
    categories: Any = getattr(dtype, "categories", None)
    if hasattr(categories, "tolist"):  # their order decides codes and comparisons
        parts += [("categories", categories.tolist()), ("ordered", getattr(dtype, "ordered", None))]
    return Node(thing, "", own, parts + [("", values if not values.dtype.hasobject else values.tolist())])


def _slots(kind: type) -> Set[str]:
    slots: Set[str] = set()
    for base in kind.__mro__:
        named = base.__dict__.get("__slots__", ())
        slots.update([named] if isinstance(named, str) else named)
    return slots - {"__dict__", "__weakref__"}


def _special(thing: Any, module: str) -> Optional[Node]:
    if module == "re" and hasattr(thing, "pattern"):
        return Node(thing, "", b"pattern" + number(thing.flags), [("pattern", thing.pattern)])
    if module in _TYPING:
        shown = repr(thing)
        return Node(thing, "", b"typing" + frame(type(thing).__qualname__ if " at 0x" in shown else shown), [])
    if module == "logging":  # what is logged is no result
        return Node(thing, "", b"logger", [])
    if module in ("_thread", "threading"):  # nor is who waits for whom
        return Node(thing, "", b"lock" + frame(type(thing).__qualname__), [])
    if isinstance(thing, (range, slice)):
        return Node(thing, "", frame(type(thing).__name__), [("", thing.start), ("", thing.stop), ("", thing.step)])
    if callable(thing) and not is_project(getattr(thing, "__module__", None) or module) and hasattr(thing, "__name__"):
        if getattr(thing, "__self__", None) is None or isinstance(thing.__self__, (type, ModuleType)):
            name = getattr(thing, "__qualname__", thing.__name__)
            return _external(thing, getattr(thing, "__module__", None) or module, name)
    return None


def _reduced(thing: Any, path: str) -> Node:
    """Any other value by what would be pickled of it."""
    kind = type(thing)
    try:
        reduced = thing.__reduce_ex__(4)
    except Exception as error:
        raise _no_identity(thing, path, str(error)) from None
    if isinstance(reduced, str):
        return _external(thing, kind.__module__, reduced)
    function, arguments, *rest = reduced
    own = b"object" + frame(f"{kind.__module__.split('.')[0]}.{kind.__qualname__}")
    made: List[Edge] = [("made by", function), ("arguments", arguments), ("state", rest[0] if rest else None)]
    return Node(thing, "", own, made + [("items", None if part is None else list(part)) for part in rest[1:3]])


def _hash_of(thing: Any, path: str) -> bytes:
    return Graph().identity(thing, path).hash


def _no_identity(thing: Any, path: str, reason: str) -> HoldfastError:
    return HoldfastError(
        "no_identity",
        f"{path}: a value of type {type(thing).__module__}.{type(thing).__qualname__} can't be compared with the one of "
        f"another process ({reason}); give it to the function as an argument, make it inside, or use "
        "@thunk(version=…, reason=…)",
    )
