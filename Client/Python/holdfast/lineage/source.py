"""What a function's source says: its syntax tree without what doesn't matter, and the names that it uses."""

from __future__ import annotations

import ast
import dis
import linecache
import threading
import tokenize
from types import CodeType
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Set, Tuple

from .canonical import frame, number, sha

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
#: In a function that calls one of these the names of local variables can be seen.
_REFLECTION = frozenset(("locals", "vars", "eval", "exec", "dir"))

Tree = Any


class Source:
    """A file as it was when its first function was looked at: its trees and code objects by name and line."""

    def __init__(self, filename: str) -> None:
        self._codes: Dict[Tuple[str, int], List[CodeType]] = {}
        self._trees: Dict[Tuple[str, int], List[Tree]] = {}
        text = _text(filename)
        try:
            tree = ast.parse(text)
            code = compile(text, filename, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return
        for inner in _codes_in(code):
            self._codes.setdefault((inner.co_name, inner.co_firstlineno), []).append(inner)
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTIONS):
                first = min([node.lineno] + [item.lineno for item in getattr(node, "decorator_list", ())])
                self._trees.setdefault((getattr(node, "name", "<lambda>"), first), []).append(node)

    def tree(self, code: CodeType) -> Optional[Tree]:
        """The syntax tree that this code was made of; None where the source is another by now, or ambiguous."""
        key = (code.co_name, code.co_firstlineno)
        trees, codes = self._trees.get(key, []), self._codes.get(key, [])
        # Code objects are compared, so that a file which was edited after its import is not taken for what runs.
        return trees[0] if len(trees) == 1 and code in codes else None


_sources: Dict[str, Source] = {}
_lock = threading.Lock()
_digests: Dict[int, Tuple[CodeType, bytes, Tuple[str, ...]]] = {}


def _tree_of(code: CodeType) -> Optional[Tree]:
    with _lock:
        if code.co_filename not in _sources:
            _sources[code.co_filename] = Source(code.co_filename)
        tree = _sources[code.co_filename].tree(code)
        if tree is None:  # a file that was reloaded, or a cell that was run again
            _sources[code.co_filename] = Source(code.co_filename)
            tree = _sources[code.co_filename].tree(code)
        return tree


def digest(code: CodeType, is_ours: Callable[[str], bool]) -> Tuple[bytes, Tuple[str, ...]]:
    """The hash of a function's code, and the dotted names in its decorators.

    It is over the syntax tree, or over the byte code where there is no source that belongs to it. `is_ours` tells the
    decorators that do not count, because what they say is hashed otherwise.
    """
    known = _digests.get(id(code))
    if known is not None and known[0] is code:
        return known[1], known[2]
    tree = _tree_of(code)
    if tree is None:
        made: Tuple[bytes, Tuple[str, ...]] = (_byte_code(code), ())
    else:
        decorators = [dotted(item.func if isinstance(item, ast.Call) else item) for item in getattr(tree, "decorator_list", ())]
        counted = [not (name and is_ours(name)) for name in decorators]
        text = _Normal(code, counted).text(tree)
        used = [item for item, counts in zip(getattr(tree, "decorator_list", ()), counted) if counts]
        names = {dotted(node) for item in used for node in ast.walk(item)} - {""}
        made = (sha(b"tree", text.encode("utf-8", "surrogatepass")), tuple(sorted(names)))
    _digests[id(code)] = (code, *made)
    return made


def dotted(node: Tree) -> str:
    """a.b.c of such a tree; "" for any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


class _Normal:
    """A tree as text, without docstrings, and with numbers for the names of local variables."""

    def __init__(self, code: CodeType, decorators: Sequence[bool]) -> None:
        names = {name for inner in _codes_in(code) for name in inner.co_names}
        self._renames = not names & _REFLECTION
        self._decorators: Optional[Sequence[bool]] = decorators
        self._scopes: List[Optional[Dict[str, str]]] = []
        self._count = 0

    def text(self, node: Tree) -> str:
        if isinstance(node, list):
            return "[" + ",".join(map(self.text, node)) + "]"
        if not isinstance(node, ast.AST):
            return f"{type(node).__name__}:{node!r}"
        if isinstance(node, _FUNCTIONS):
            return self._function(node)
        if isinstance(node, ast.ClassDef):
            # What a class body sets are attributes, which keep their names.
            return self._in_scope({name: name for name in _stored(node.body)}, node)
        if isinstance(node, _COMPREHENSIONS):
            return self._in_scope(dict.fromkeys(_stored([generator.target for generator in node.generators]), ""), node)
        if isinstance(node, ast.Name):
            return f"Name({self._name(node.id)},{type(node.ctx).__name__})"
        if isinstance(node, ast.alias):
            return f"alias({node.name},{self._name(node.asname or node.name.split('.')[0])})"
        if isinstance(node, ast.ExceptHandler) or type(node).__name__ in ("MatchAs", "MatchStar", "MatchMapping"):
            return self._fields(node, names=("name", "rest"))
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            return f"{type(node).__name__}({','.join(map(self._name, node.names))})"
        return self._fields(node)

    def _fields(self, node: ast.AST, names: Sequence[str] = (), without: Sequence[str] = ()) -> str:
        parts = []
        for name, value in ast.iter_fields(node):
            if name in without or name in ("type_comment", "kind"):
                continue
            if name in names and isinstance(value, str):
                parts.append(f"{name}={self._name(value)}")
            elif name == "body" and isinstance(value, list):
                parts.append(f"body={self.text(_without_docstring(node, value))}")
            else:
                parts.append(f"{name}={self.text(value)}")
        return f"{type(node).__name__}({','.join(parts)})"

    def _function(self, node: Tree) -> str:
        listed = getattr(node, "decorator_list", [])
        counted = self._decorators or [True] * len(listed)
        self._decorators = None
        decorators = self.text([item for item, counts in zip(listed, counted) if counts])
        arguments = node.args
        parameters = [item.arg for item in arguments.posonlyargs + arguments.args + arguments.kwonlyargs]
        parameters += [item.arg for item in (arguments.vararg, arguments.kwarg) if item]
        body = node.body if isinstance(node.body, list) else [node.body]
        # Parameters keep their names, because they can be given by name.
        locals = dict.fromkeys(_stored(body), "")
        locals.update((name, name) for name in parameters)
        for name in _declared(body):
            locals.pop(name, None)
        return decorators + self._in_scope(locals, node, without=("decorator_list",))

    def _in_scope(self, locals: Dict[str, str], node: ast.AST, without: Sequence[str] = ()) -> str:
        self._scopes.append(locals)
        text = self._fields(node, without=without)
        self._scopes.pop()
        return text

    def _name(self, name: str) -> str:
        for scope in reversed(self._scopes if self._renames else []):
            if scope and name in scope:
                if not scope[name]:
                    self._count += 1
                    scope[name] = f"local {self._count}"
                return scope[name]
        return name


def _without_docstring(node: ast.AST, body: Sequence[Tree]) -> List[Tree]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and body:
        first = body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            return list(body[1:]) or [ast.Pass()]
    return list(body)


def _own(nodes: Sequence[Tree]) -> Iterator[Tree]:
    """The nodes of one scope, in the order of the source."""
    for node in nodes:
        yield node
        if isinstance(node, _COMPREHENSIONS):  # := in a comprehension is the function's
            yield from (inner for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr))
        elif not isinstance(node, _FUNCTIONS + (ast.ClassDef,)):
            yield from _own(list(ast.iter_child_nodes(node)))


def _stored(nodes: Sequence[Tree]) -> List[str]:
    """The variables that are set; functions and classes keep their names, which can be seen."""
    names: List[str] = []
    for node in _own(nodes):
        if isinstance(node, ast.NamedExpr):
            names.append(node.target.id)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            names.append(node.id)
        elif isinstance(node, ast.alias):
            names.append(node.asname or node.name.split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.append(node.name)
        else:
            for field in ("name", "rest") if type(node).__name__.startswith("Match") else ():
                if isinstance(getattr(node, field, None), str):
                    names.append(getattr(node, field))
    kept = {node.name for node in _own(nodes) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
    return [name for name in names if name not in kept]


def _declared(nodes: Sequence[Tree]) -> Set[str]:
    return {name for node in _own(nodes) if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}


def _codes_in(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes_in(constant)


def _byte_code(code: CodeType) -> bytes:
    """Over instructions and constants; lines and the names of local variables do not count."""
    parts = [b"code", frame(code.co_name), number(code.co_argcount), number(code.co_kwonlyargcount), number(code.co_flags)]
    parts.append(frame(code.co_code))
    arguments = code.co_argcount + code.co_kwonlyargcount
    for names in (code.co_names, code.co_freevars, code.co_varnames[:arguments]):
        parts += [number(len(names))] + [frame(name) for name in names]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            parts.append(_byte_code(constant))
            continue
        shown = sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant
        parts.append(frame(f"{type(constant).__name__}:{shown!r}"))
    return sha(*parts)


def names_used(code: CodeType) -> Tuple[Set[str], Set[Tuple[str, int, Tuple[str, ...]]]]:
    """The dotted global and captured names that a function uses, and what it imports: module, level, names."""
    names: Set[str] = set()
    imports: Set[Tuple[str, int, Tuple[str, ...]]] = set()
    for inner in _codes_in(code):
        chain: Optional[str] = None
        before: List[Any] = [0, None]
        for step in dis.get_instructions(inner):
            if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF",
                               "LOAD_FROM_DICT_OR_GLOBALS"):  # fmt: skip
                if chain:
                    names.add(chain)
                # Of the cells only those are captured that the function was given; the others are its own.
                is_own = "DEREF" in step.opname and step.argval not in code.co_freevars
                chain = None if is_own else str(step.argval)
            elif chain and step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
                chain = f"{chain}.{step.argval}"
            elif step.opname not in ("CACHE", "EXTENDED_ARG", "PRECALL", "PUSH_NULL"):
                if chain:
                    names.add(chain)
                chain = None
            if step.opname == "IMPORT_NAME":
                imported = before[1] if isinstance(before[1], tuple) else ()
                imports.add((str(step.argval), int(before[0] or 0), tuple(imported)))
            if step.opname in ("LOAD_CONST", "LOAD_SMALL_INT"):
                before = [before[1], step.argval]
        if chain:
            names.add(chain)
    return names, imports


def _text(filename: str) -> str:
    if filename.startswith("<"):  # a notebook's cell
        return "".join(linecache.getlines(filename))
    try:
        with tokenize.open(filename) as file:
            return file.read()
    except (OSError, SyntaxError, UnicodeDecodeError):
        return ""
