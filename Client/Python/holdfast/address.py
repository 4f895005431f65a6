"""Where a server's TCP door is."""

from __future__ import annotations

import os
from typing import NamedTuple, Optional

from .errors import HoldfastError

DEFAULT = "127.0.0.1:7411"


class Address(NamedTuple):
    """A host and a port; str() is host:port, an IPv6 host in brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @staticmethod
    def parse(text: str) -> "Address":
        """Reads host:port; raises HoldfastError with invalid_address."""
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            host = ""
        if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise HoldfastError(
                "invalid_address", f'"{text}" is not host:port, such as 127.0.0.1:7411 or [::1]:7411'
            )
        return Address(host, int(port))


def server_address(text: Optional[str]) -> Address:
    """The address given, or that of HOLDFAST_SERVER, or this machine's."""
    return Address.parse(text or os.environ.get("HOLDFAST_SERVER") or DEFAULT)


def server_token(token: Optional[str]) -> Optional[str]:
    """The token given, or that of HOLDFAST_TOKEN."""
    return token or os.environ.get("HOLDFAST_TOKEN") or None
