"""Reads and writes that are answered one by one."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence, Type, Union

from . import calls
from .address import Address, server_address, server_token
from .checks import by_name, seconds, text, unless_none
from .errors import ServerError
from .options import Options
from .wire.caller import Caller

if TYPE_CHECKING:
    from .wire.tls import Certificate


class Client:
    """A client of a server, which it reaches when it is first asked something; may be used from several threads.

    Reads are tried again once when the connection was lost. Writes are numbered and sent again until the timeout: each is
    done once. Arrays go both ways as NumPy's.

        client = holdfast.Client("127.0.0.1:7411")
        client.runs.get("pong-1")["status"]
        for image in client.labels.next(limit=10)["images"]: ...
    """

    def __init__(
        self,
        server: Union[str, Address, None] = None,
        token: Optional[str] = None,
        timeout: float = 30.0,
        ca_file: Optional[str] = None,
    ) -> None:
        """`server`: host:port or tls://host:port, by default HOLDFAST_SERVER or this machine; `token`: by default HOLDFAST_TOKEN;
        `timeout` of a call, in seconds; `ca_file`: a PEM file with the authorities to trust at tls://…, by default
        HOLDFAST_CA_FILE, or those that the system trusts. Raises HoldfastError."""
        options = Options()
        timeout = seconds("timeout", timeout)
        connect = min(timeout, options.connect_timeout)
        self._caller = Caller(server_address(server, ca_file), server_token(token), options.client_name, connect, timeout)
        self.server = calls.ServerCalls(self)
        self.runs = calls.RunCalls(self)
        self.episodes = calls.EpisodeCalls(self)
        self.frames = calls.FrameCalls(self)
        self.steps = calls.StepCalls(self)
        self.refs = calls.RefCalls(self)
        self.metrics = calls.MetricCalls(self)
        self.images = calls.ImageCalls(self)
        self.labels = calls.LabelCalls(self)
        self.holdout = calls.HoldoutCalls(self)
        self.snapshots = calls.SnapshotCalls(self)
        self.tokens = calls.TokenCalls(self)
        self.audit = calls.AuditCalls(self)
        self.variables = calls.VariableCalls(self)
        self.lineage = calls.LineageCalls(self)

    def call(self, method: str, params: Optional[Dict[str, Any]] = None, timeout: Optional[float] = None) -> Dict[str, Any]:
        """The result of any method by its name, such as "runs.get"; parameters that are None are left away.

        Raises ServerError when the server refuses, HoldfastError when there was no answer, or an argument has no JSON.
        """
        text("method", method)
        given = dict(by_name("params", {} if params is None else params, "it is a dictionary with the parameters by their names"))
        limit = unless_none(seconds, "timeout", timeout)
        try:
            return self._caller.call(method, given, limit)
        except ServerError as error:
            if error.kind == "unauthorized":
                error.advise("set HOLDFAST_TOKEN or token= to one that the server takes")
            raise

    def resolve(self, refs: Sequence[str], missing: str = "error", stack: bool = False) -> Any:
        """The arrays behind references such as h5://run/frames/7, in their order; see `FrameCalls.resolve`."""
        return self.frames.resolve(refs, missing=missing, stack=stack)

    @property
    def server_version(self) -> Optional[str]:
        """What the server called itself, such as holdfast/0.1.0; None before the first call."""
        return self._caller.server

    @property
    def certificate(self) -> Optional[Certificate]:
        """What the server showed for it; None without TLS, and before the first call."""
        return self._caller.certificate

    def beside(self, timeout: Optional[float] = None) -> "Client":
        """Another client of the same server, with a connection of its own."""
        caller = self._caller
        return Client(caller.address, caller.token, caller.timeout if timeout is None else timeout)

    def close(self) -> None:
        """Ends the connection; a later call makes a new one."""
        self._caller.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, type: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.close()
