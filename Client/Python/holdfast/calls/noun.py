"""What the methods of all nouns share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterator

from ..wire.caller import pages

if TYPE_CHECKING:
    from ..client import Client

Result = Dict[str, Any]
Rows = Iterator[Dict[str, Any]]


class Noun:
    """The methods of one noun."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def _call(self, method: str, **params: Any) -> Result:
        return self._client.call(method, params)

    def _pages(self, method: str, *members: str, **params: Any) -> Rows:
        return pages(lambda cursor: self._call(method, cursor=cursor, **params), members)
