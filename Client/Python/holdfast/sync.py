"""Sends what processes left in a spool."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import List, NamedTuple, Optional, Set, Tuple, Union

from .address import Address, server_address, server_token
from .checks import path, patience, unless_none, wrong
from .client import Client
from .delivery.drains import Drains
from .delivery.left import LeftSpools
from .delivery.problem import DeliveryStatistics
from .errors import HoldfastError, ServerError
from .options import Options
from .spool.folder import SpoolFolder, blamed, standard_directory
from .spool.state import peek


class SyncReport(NamedTuple):
    """What a sync did."""

    #: Records that the server has now.
    acknowledged: int
    #: Records that it refused; they are in the spool's folder `rejected`.
    rejected: int
    #: Spools that were there.
    found: int
    #: Spools that are still there, not sent in time or in use by their process.
    left: int
    #: The servers that spools are for and to which nothing could be sent, and why.
    failures: List[Tuple[str, Union[HoldfastError, ServerError]]]
    #: Spools of which a part, or all, can't be read; that is in folders `damaged-…` beside them.
    damaged: int
    #: The folders of spools that could not be opened or read, and why.
    unreadable: List[Tuple[str, str]]


def sync(
    directory: Optional[str] = None,
    server: Optional[str] = None,
    token: Optional[str] = None,
    timeout: float = 3600.0,
    options: Optional[Options] = None,
    ca_file: Optional[str] = None,
) -> SyncReport:
    """Sends every spool of a directory, under their own producer ids, so that nothing is stored twice.

    Everything goes to `server`, or HOLDFAST_SERVER; without either each spool goes to the server that its process logged to,
    and one that can't be sent to is among the report's failures.

    Raises HoldfastError for a wrong argument; HoldfastError or ServerError when the one server can't be reached or refuses the token, or it lacks
    the role ingest; HoldfastError with `spool` when the directory can't be read, or is itself a spool.
    """
    directory = unless_none(path, "directory", directory) or standard_directory()
    timeout = patience("timeout", timeout)
    if options is not None and not isinstance(options, Options):
        raise wrong("options", options, "it is a holdfast.Options")
    found = _count(directory)
    token = server_token(token)
    options = replace(options or Options())
    end = time.monotonic() + timeout
    counts = DeliveryStatistics()
    failures: List[Tuple[str, Union[HoldfastError, ServerError]]] = []
    left = LeftSpools(options)
    if server or os.environ.get("HOLDFAST_SERVER", "").strip():
        _send(directory, None, server_address(server, ca_file), token, options, end, counts, left)
    else:
        for place in sorted(_servers(directory, left)):
            try:
                _send(directory, place, server_address(place, ca_file), token, options, end, counts, left)
            except (HoldfastError, ServerError) as error:
                failures.append((place, error))
    remaining = [folder.path for folder in SpoolFolder.all(directory)]
    unreadable = [(path, left.unreadable[path]) for path in remaining if path in left.unreadable]
    return SyncReport(counts.acknowledged, counts.rejected, found, len(remaining), failures, left.damaged, unreadable)


def _count(directory: str) -> int:
    try:
        found = SpoolFolder.found(directory)
    except FileNotFoundError:  # nothing was ever logged
        return 0
    except OSError as error:
        raise HoldfastError("spool", f"{blamed(directory)} can't be read: {error.strerror}") from error
    if not found and SpoolFolder(os.path.abspath(directory)).is_spool():
        raise HoldfastError("spool", f"{blamed(directory)} is itself a spool; name the folder above it")
    return len(found)


def _servers(directory: str, left: LeftSpools) -> Set[str]:
    """The servers that the spools of a directory are for."""
    servers: Set[str] = set()
    for folder in SpoolFolder.all(directory):
        state = peek(folder.path)
        if state is not None:
            servers.add(state.server)
        else:
            # It is for no server that is known: what is wrong with it is found out here.
            queue = left.open(folder, None)
            if queue:
                servers.add(queue.state.server)
                queue.close()
    return servers


def _send(
    directory: str,
    only: Optional[str],
    address: Address,
    token: Optional[str],
    options: Options,
    end: float,
    counts: DeliveryStatistics,
    left: LeftSpools,
) -> None:
    """Sends a server's spools, or with no server all, to an address, and adds what became of them to the counts."""
    # Says soon that there is no server, where the drains would try again for ever.
    with Client(address, token) as client:
        client.server.ping()
    drains = Drains(directory, only, address, token, options, left)
    try:
        drains.wait(end - time.monotonic(), for_living=True)
        if drains.refusal:
            raise drains.refusal
    finally:
        drains.stop(1.0)
        counts.acknowledged += drains.counts.acknowledged
        counts.rejected += drains.counts.rejected
