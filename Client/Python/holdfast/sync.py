"""Sends what processes left in a spool."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, Optional

from .address import server_address, server_token
from .client import Client
from .delivery.drains import Drains
from .options import Options
from .spool.folder import SpoolFolder, standard_directory


class SyncReport(NamedTuple):
    """What a sync did, in records; `left`: spools that are still there, not sent in time or in use by their process."""

    acknowledged: int
    rejected: int
    left: int


def sync(
    directory: Optional[str] = None,
    server: Optional[str] = None,
    token: Optional[str] = None,
    timeout: float = 3600.0,
    options: Optional[Options] = None,
    ca_file: Optional[str] = None,
) -> SyncReport:
    """Sends every spool of a directory to a server, under their own producer ids, so that nothing is stored twice.

    Raises HoldfastError or ServerError when the server can't be reached or refuses the token, or it lacks
    the role ingest.
    """
    directory = directory or standard_directory()
    address, token = server_address(server, ca_file), server_token(token)
    # Says soon that there is no server, where the drains would try again for ever.
    with Client(address, token) as client:
        client.server.ping()
    drains = Drains(directory, None, address, token, replace(options or Options()))
    try:
        drains.wait(timeout, for_living=True)
        if drains.refusal:
            raise drains.refusal
    finally:
        drains.stop(1.0)
    return SyncReport(drains.counts.acknowledged, drains.counts.rejected, len(SpoolFolder.all(directory)))
