"""tokens.* and audit.*"""

from __future__ import annotations

from typing import Optional, Sequence

from ..checks import listed
from .noun import Noun, Result, Rows


class TokenCalls(Noun):
    """Who may do what; needs role admin."""

    def create(self, name: str, roles: Sequence[str]) -> Result:
        """Makes a token with some of the roles read, ingest, label, holdout and admin; its text, `token`, is told this once."""
        return self._call("tokens.create", name=name, roles=listed("roles", roles))

    def list(self) -> Result:
        """The `tokens` that were made, without their texts."""
        return self._call("tokens.list")

    def revoke(self, name: str) -> Result:
        """Makes a token worthless at once, also for those who came in with it."""
        return self._call("tokens.revoke", name=name)


class AuditCalls(Noun):
    """Who came in or was turned away, deleted something, looked into the vault or gave out tokens."""

    def list(self, limit: Optional[int] = None, cursor: Optional[str] = None) -> Result:
        """A page of `entries`, the latest first."""
        return self._call("audit.list", limit=limit, cursor=cursor)

    def all(self) -> Rows:
        """All entries, the latest first."""
        return self._pages("audit.list", "entries")
