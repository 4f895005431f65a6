"""Where a server's TCP door is."""

from __future__ import annotations

import os
from typing import NamedTuple, Optional, Union

from .checks import path, text, unless_none
from .errors import HoldfastError

DEFAULT = "127.0.0.1:7411"
_SCHEME = "tls://"


class Address(NamedTuple):
    """A host and a port; str() is host:port, or tls://host:port, an IPv6 host in brackets."""

    host: str
    port: int
    #: Whether it is spoken to over TLS,
    is_secure: bool = False
    #: and the PEM file with the authorities that are trusted then; None: those that the system trusts.
    ca_file: Optional[str] = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{_SCHEME if self.is_secure else ''}{host}:{self.port}"

    @staticmethod
    def parse(text: str) -> "Address":
        """Reads host:port or tls://host:port; raises HoldfastError with invalid_address."""
        is_secure = text.startswith(_SCHEME)
        host, colon, port = text[len(_SCHEME) if is_secure else 0 :].rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            host = ""
        if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            hint = ""
            if text.startswith(("http://", "https://")):
                hint = "; that is the dashboard's: programs use the TCP door, by default port 7411"
            elif colon and host and port:
                hint = f"; {port} is no port from 1 to 65535"
            raise HoldfastError(
                "invalid_address",
                f'"{text}" is not host:port, such as 127.0.0.1:7411 or [::1]:7411, or tls://host:port{hint}',
            )
        return Address(host, int(port), is_secure)


def server_address(server: Union[str, Address, None], ca_file: Optional[str] = None) -> Address:
    """The address given, or that of HOLDFAST_SERVER, or this machine's; the authorities to trust are in the file given, or that
    of HOLDFAST_CA_FILE.

    Raises HoldfastError with invalid_address, or with tls when that file can't be used.
    """
    if isinstance(server, Address):
        return server
    given = unless_none(text, "server", server)
    address = Address.parse(given) if given else _standard_address()
    file = unless_none(path, "ca_file", ca_file)
    source, file = ("ca_file", file) if file else ("HOLDFAST_CA_FILE", os.environ.get("HOLDFAST_CA_FILE"))
    if not address.is_secure or not file:
        return address
    from .wire.tls import context  # Most have no TLS, and its import takes time.

    context(file, source)
    return address._replace(ca_file=os.path.abspath(file))


def _standard_address() -> Address:
    named = os.environ.get("HOLDFAST_SERVER", "").strip()
    try:
        return Address.parse(text("HOLDFAST_SERVER", named) or DEFAULT)
    except HoldfastError as error:
        if error.code != "invalid_address":
            raise
        raise HoldfastError(error.code, f"HOLDFAST_SERVER: {error.message}") from None


def server_token(token: Optional[str]) -> Optional[str]:
    """The token given, or that of HOLDFAST_TOKEN, which may end in the line break of the file that it was read from.

    Raises HoldfastError for one that is no text, without telling it.
    """
    source, secret = ("HOLDFAST_TOKEN", os.environ.get("HOLDFAST_TOKEN", "")) if token in (None, "") else ("token", token)
    if not isinstance(secret, str):
        raise HoldfastError("invalid_value", f"{source} is of type {type(secret).__name__}; it is a text")
    try:
        secret.encode()
    except UnicodeEncodeError:
        raise HoldfastError("invalid_value", f"{source} is no text in UTF-8") from None
    return secret.strip() or None


def may_take(other: str, address: str) -> bool:
    """Whether what was meant for another address may be sent to this one: to the same, or to the same host and port since its
    server speaks TLS."""
    return address in (other, _SCHEME + other)
