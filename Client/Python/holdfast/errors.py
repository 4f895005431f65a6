"""What can go wrong: HoldfastError on this side, ServerError from the server."""

from __future__ import annotations

from typing import Any, Dict, Optional


class HoldfastError(Exception):
    """Something failed on this side; `code` is one of invalid_address, invalid_value, unreachable, tls, timeout, closed, spool,
    too_large, protocol_violation and missing_package."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ServerError(Exception):
    """The server refused a request; `kind` is for programs, `final` says whether the same request would be refused again."""

    def __init__(self, error: Dict[str, Any]) -> None:
        self.error = error
        self.code = int(error.get("code", -32000))
        self.message = str(error.get("message", "the server gave no reason"))
        data = error.get("data")
        self.data: Dict[str, Any] = data if isinstance(data, dict) else {}
        self.kind = str(self.data.get("kind", "unknown"))
        self.final = bool(self.data.get("final", False))
        super().__init__(f"{self.kind}: {self.message}")

    def advise(self, remedy: str) -> None:
        """Adds what to do to the text, not to the server's message."""
        self.args = (f"{self.kind}: {self.message}; {remedy}",)


def missing_package(name: str, purpose: str, cause: Optional[BaseException] = None) -> HoldfastError:
    """The error for an optional package that isn't installed."""
    reason = f" ({cause})" if cause else ""
    installed = {"PIL": "pillow"}.get(name, name)
    return HoldfastError("missing_package", f"{purpose} needs the package {name}: pip install {installed}{reason}")
