"""server.* and runs.*"""

from __future__ import annotations

from typing import Any, Optional, Sequence

from ..checks import listed, unless_none
from .noun import Noun, Result, Rows


class ServerCalls(Noun):
    """The server itself."""

    def ping(self) -> Result:
        """`time`, the server's clock in UNIX seconds; `roles`, what the token allows, everything where none is needed."""
        return self._call("server.ping")

    def stats(self) -> Result:
        """Counts, queue depth, disk, version and uptime."""
        return self._call("server.stats")

    def vacuum(self, pages: Optional[int] = None) -> Result:
        """Gives empty pages of the database back to the file system."""
        return self._call("server.vacuum", pages=pages)

    def backup(self, backup: Optional[str] = None) -> Result:
        """Copies the data directory to backups/NAME in it."""
        return self._call("server.backup", backup=backup)


class RunCalls(Noun):
    """Runs as the server knows them; to log to one, use `holdfast.init`."""

    def start(
        self,
        run_id: str,
        config: Any = None,
        tags: Optional[Sequence[str]] = None,
        agent_id: Optional[str] = None,
        worker_id: Optional[str] = None,
        compression: Optional[str] = None,
    ) -> Result:
        """Starts a run, or resumes one that exists."""
        return self._call(
            "runs.start",
            run_id=run_id,
            config=config,
            tags=unless_none(listed, "tags", tags),
            agent_id=agent_id,
            worker_id=worker_id,
            compression=compression,
        )

    def heartbeat(self, run_id: str) -> Result:
        """Says that the run's process lives."""
        return self._call("runs.heartbeat", run_id=run_id)

    def seal(
        self,
        run_id: str,
        rows_per_chunk: Optional[int] = None,
        level: Optional[int] = None,
        paged: Optional[bool] = None,
        again: Optional[bool] = None,
    ) -> Result:
        """Compresses the arrays of a finished run anew, for keeping.

        `rows_per_chunk` rows are compressed together, by default as many as fit into 64 KiB: more are smaller, and slower to
        read at random. `level` is zlib's, 9 by default. `paged` hands out the file's space in pages of 64 KiB. A run that is
        sealed already is sealed anew only with `again`.
        """
        return self._call(
            "runs.seal", run_id=run_id, rows_per_chunk=rows_per_chunk, level=level, paged=paged, again=again
        )

    def finish(self, run_id: str, status: str = "finished") -> Result:
        """Ends a run as `finished` or `failed`."""
        return self._call("runs.finish", run_id=run_id, status=status)

    def list(self, limit: Optional[int] = None, cursor: Optional[str] = None) -> Result:
        """A page of `runs`, the latest first."""
        return self._call("runs.list", limit=limit, cursor=cursor)

    def all(self) -> Rows:
        """Every run, the latest first."""
        return self._pages("runs.list", "runs")

    def get(self, run_id: str) -> Result:
        """One run."""
        return self._call("runs.get", run_id=run_id)

    def delete(self, run_id: str) -> Result:
        """Removes a run's rows and file; its id is never free again."""
        return self._call("runs.delete", run_id=run_id)
