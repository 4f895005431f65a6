"""Functions that run once for the same inputs: `@thunk`."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import time
from typing import AbstractSet, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple, overload

from ..checks import shown, whole
from ..client import Client
from ..errors import HoldfastError, ServerError
from ..words import hint, plural
from .arguments import Argument, data_of, described
from .canonical import frame, number, sha
from .current import current
from .identity import Graph, Identity
from .leases import Lease, claim
from .surroundings import surroundings
from .variable import BaseVariable, class_of


class _Default:
    def __repr__(self) -> str:
        return "…"


#: What stands for a default where parameters are told.
_DEFAULT = _Default()


class Invocation:
    """A call of a thunk: what it is, and what it was given."""

    def __init__(self, name: str, identity: Identity, arguments: Sequence[Argument], outputs: int) -> None:
        self.name = name
        self.identity = identity
        self.arguments = list(arguments)
        self.hashes = [lineage_hash(identity.hash, num, {a.name: a.digest for a in arguments}) for num in range(outputs)]

    @property
    def function_hash(self) -> str:
        """The function's, in hexadecimal."""
        return self.identity.hash.hex()

    def stored(self, client: Client) -> Optional[List[List[Dict[str, Any]]]]:
        """For each output the records of it that are there, if there are any of each."""
        records = []
        for num, hash in enumerate(self.hashes):
            found = [record for record in client.lineage.find(hash)["records"] if record["output_num"] == num]
            known = [record for record in found if class_of(record["output_type"]) is not None]
            if not known:
                return None
            records.append(known)
        return records


def lineage_hash(function: bytes, output: int, arguments: Mapping[str, bytes]) -> str:
    """What tells the outputs of all invocations apart; see the package's README for the bytes.

    SHA-256 over frame("invocation"), the function's hash (32 bytes), the output's number, the number of arguments, and
    for each in the order of the parameters' names frame(name) and the argument's hash (32 bytes).
    """
    parts = [frame("invocation"), function, number(output), number(len(arguments))]
    for name in sorted(arguments, key=lambda name: name.encode()):
        parts += [frame(name), arguments[name]]
    return sha(*parts).hex()


class ThunkOutput:
    """One output of a thunk, computed or loaded; an input of others, and to be saved by `Var.save(output, …)`."""

    def __init__(self, data: Any, invocation: Invocation, output_num: int, lease: Optional[Lease] = None) -> None:
        self.data = data
        self.invocation = invocation
        self.output_num = output_num
        self.lineage_hash = invocation.hashes[output_num]
        #: Whether it was loaded instead of computed.
        self.was_hit = False
        self._lease = lease
        self._surroundings = surroundings()
        #: UNIX seconds, when the function began to run.
        self.started_at: Optional[float] = None
        #: What it was last saved as, else loaded from.
        self.variable: Optional[BaseVariable] = None
        self.loaded: Optional[BaseVariable] = None

    @property
    def record_id(self) -> Optional[str]:
        """The record's, once it was saved."""
        return None if self.variable is None else self.variable.record_id

    @property
    def function_hash(self) -> str:
        """The hash of the function that made it."""
        return self.invocation.function_hash

    def was_saved(self, variable: BaseVariable) -> None:
        """From now on it is the record's."""
        self.variable = variable
        if self._lease is not None:
            self._lease.open.discard(self.lineage_hash)

    def lineage(self, ephemeral: bool, path: str) -> Dict[str, Any]:
        """What `lineage.save` takes; raises HoldfastError with unsaved_input."""
        inputs: List[Dict[str, Any]] = []
        constants: List[Dict[str, Any]] = []
        for argument in self.invocation.arguments:
            described(argument, f"{path} → {self.invocation.name}({argument.name})", ephemeral, inputs, constants)
        made: Dict[str, Any] = {
            "function_name": self.invocation.name,
            "function_hash": self.function_hash,
            "function_parts": self.invocation.identity.parts,
            "lineage_hash": self.lineage_hash,
            "output_num": self.output_num,
            "inputs": inputs,
            "constants": constants,
            "started_at": self.started_at,
            **self._surroundings,
        }
        if self._lease is not None and self.lineage_hash in self._lease.open:
            made["lease"] = self._lease.token
        return made

    def __repr__(self) -> str:
        return f"ThunkOutput({self.invocation.name}, {self.output_num}, {self.record_id or 'not saved'})"


class Thunk:
    """A function whose outputs are loaded where they are known, else computed."""

    def __init__(
        self, function: Callable[..., Any], outputs: int = 1, version: Optional[str] = None, reason: Optional[str] = None
    ) -> None:
        if not callable(function) or not hasattr(function, "__qualname__"):
            raise HoldfastError("invalid_value", f"a thunk is made of a function, not of {shown(function)}")
        if version is not None and not reason:
            raise HoldfastError("invalid_value", "a version= needs a reason=: why the source can't tell what changed")
        functools.update_wrapper(self, function)
        self.function = function
        self.outputs = whole("outputs", outputs, 1)
        self.version = None if version is None else str(version)
        self.reason = reason
        self.name = function.__qualname__
        try:
            self.signature = inspect.signature(function)
        except ValueError:  # some that are written in C tell nothing
            reason = f"{self.name} does not tell its parameters; call it in a function of yours"
            raise HoldfastError("invalid_value", reason) from None

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """One ThunkOutput, or a tuple of them; arguments are values, variables and other thunks' outputs.

        Raises HoldfastError with invalid_value for arguments that the function doesn't take, before anything is computed; with
        no_identity for one that can't be hashed.
        """
        return self.call(None, arguments, named)

    def call(self, client: Optional[Client], arguments: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """The same with a client."""
        made = self._made(self.invocation(arguments, named), current(client), arguments, named)
        return made[0] if self.outputs == 1 else tuple(made)

    def _made(
        self, invocation: Invocation, client: Client, arguments: Sequence[Any], named: Mapping[str, Any]
    ) -> List[ThunkOutput]:
        """The outputs, loaded if they are stored, else computed; by one caller at a time."""
        unusable: List[str] = []
        while True:
            records, lease = claim(invocation.hashes, unusable, client)
            if lease is not None:
                with lease:
                    return self._computed(invocation, lease, arguments, named)
            outputs = self._loaded(invocation, records, client, unusable)
            if outputs is not None:
                return outputs

    def invocation(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> Invocation:
        """What a call with these arguments would be."""
        bound = self.bound(arguments, named)
        hashed = [Argument.of(name, value, f"{self.name}({name})") for name, value in bound.arguments.items()]
        return Invocation(self.name, self.identity(), hashed, self.outputs)

    def bound(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> inspect.BoundArguments:
        """The arguments by their parameters, with the defaults; raises HoldfastError for those that the function doesn't
        take."""
        try:
            bound = self.signature.bind(*arguments, **named)
        except TypeError as error:
            fault = self._fault(arguments, named) or error
            raise HoldfastError("invalid_value", f"{self.name}: {fault}; {self._takes()}") from None
        bound.apply_defaults()
        return bound

    def _fault(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> Optional[str]:
        """What is wrong with arguments, where a name is wrong or missing."""
        parameters = self.signature.parameters
        if not any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters.values()):
            for name in named:
                if name not in parameters:
                    left = [known for known in parameters if known not in named]
                    return f"there is no parameter {shown(name)}{hint(name, left)}"
        try:
            there = self.signature.bind_partial(*arguments, **named).arguments
        except TypeError:
            return None
        optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        missing = [
            name
            for name, parameter in parameters.items()
            if name not in there and parameter.default is parameter.empty and parameter.kind not in optional
        ]
        return f"no argument for {', '.join(missing)}" if missing else None

    def _takes(self) -> str:
        """The parameters for people: without annotations, and without the defaults, which may be long."""
        short = [
            parameter.replace(
                annotation=parameter.empty, default=parameter.empty if parameter.default is parameter.empty else _DEFAULT
            )
            for parameter in self.signature.parameters.values()
        ]
        return f"it takes {inspect.Signature(short)}"

    def identity(self) -> Identity:
        """What the function is now: globals may have been changed since the last call."""
        return Graph().identity(self, self.name)

    @staticmethod
    def _loaded(
        invocation: Invocation, records: Sequence[Mapping[str, Any]], client: Client, unusable: List[str]
    ) -> Optional[List[ThunkOutput]]:
        """The stored outputs; None, and which records are unusable, if they can't all be loaded."""
        outputs = []
        for num in range(len(invocation.hashes)):
            variable = None
            for record in (record for record in records if record["output_num"] == num):
                variable = _variable(record, client)
                if variable is not None:
                    break
                unusable.append(record["record_id"])
            if variable is None:
                return None
            output = ThunkOutput(variable.data, invocation, num)
            output.was_hit, output.loaded = True, variable
            output.was_saved(variable)
            outputs.append(output)
        return outputs

    def _computed(
        self, invocation: Invocation, lease: Lease, arguments: Sequence[Any], named: Mapping[str, Any]
    ) -> List[ThunkOutput]:
        started_at = time.time()
        result = self.function(*map(data_of, arguments), **{name: data_of(value) for name, value in named.items()})
        results = [result] if self.outputs == 1 else self._parted(result)
        outputs = [ThunkOutput(data, invocation, num, lease) for num, data in enumerate(results)]
        for output in outputs:
            output.started_at = started_at
        return outputs

    def _parted(self, result: Any) -> List[Any]:
        """The outputs of a function that has several."""
        try:
            # Letters and keys are not what a function has several of.
            results = None if isinstance(result, (str, bytes, Mapping, AbstractSet)) else list(result)
        except TypeError:
            results = None
        if results is None:
            reason = f"{self.name} gave {shown(result)}; {self.outputs} outputs are declared: return a tuple of them"
            raise HoldfastError("invalid_value", reason)
        if len(results) != self.outputs:
            raise HoldfastError(
                "invalid_value", f"{self.name} gave {plural(len(results), 'output')}, {self.outputs} are declared"
            )
        return results

    def __holdfast_identity__(self) -> Tuple[str, bytes, List[Tuple[str, Any]]]:
        if self.version is not None:
            own = b"version" + frame(self.name) + frame(self.version) + number(self.outputs)
            return f"version of {self.name}", own, []
        return "", b"thunk" + number(self.outputs), [("function", self.function)]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self.__call__, instance)

    def __repr__(self) -> str:
        return f"Thunk({self.name})"


def _variable(record: Mapping[str, Any], client: Client) -> Optional[BaseVariable]:
    """A record's variable; None if it was deleted or evicted meanwhile, or is of another version of its class."""
    variable_class = class_of(record["output_type"])
    try:
        return None if variable_class is None else variable_class.load(client=client, version=record["record_id"])
    except HoldfastError as error:
        if error.code != "schema_version":
            raise
    except ServerError as error:
        if error.kind not in ("not_found", "evicted"):
            raise
    return None


@overload
def thunk(function: Callable[..., Any]) -> Thunk: ...
@overload
def thunk(
    *, outputs: int = 1, unpack_output: bool = False, version: Optional[str] = None, reason: Optional[str] = None
) -> Callable[[Callable[..., Any]], Thunk]: ...
def thunk(
    function: Optional[Callable[..., Any]] = None,
    *,
    outputs: int = 1,
    unpack_output: bool = False,
    version: Optional[str] = None,
    reason: Optional[str] = None,
) -> Any:
    """Makes a function one that runs once for the same inputs.

    `outputs`: how many it returns; `unpack_output=True` reads that from the function's return statements. `version` and
    `reason` say what the function is where its source can't.
    """
    if function is None:
        return functools.partial(_made, outputs=outputs, unpack=unpack_output, version=version, reason=reason)
    return _made(function, outputs, unpack_output, version, reason)


def _made(
    function: Callable[..., Any], outputs: int, unpack: bool, version: Optional[str], reason: Optional[str]
) -> Thunk:
    return Thunk(function, _returned(function) if unpack and outputs == 1 else outputs, version, reason)


def _returned(function: Callable[..., Any]) -> int:
    """How many values the tuple has that a function returns."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):
        tree = ast.Module(body=[], type_ignores=[])
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    sizes = {len(value.elts) for value in returned if isinstance(value, ast.Tuple)}
    if len(sizes) != 1:
        raise HoldfastError("invalid_value", f"{function.__qualname__} returns no tuple of a known size; say outputs=")
    return sizes.pop()
