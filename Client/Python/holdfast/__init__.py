"""Logs steps, frames and metrics to a Holdfast server without waiting, and reads them back.

    import holdfast

    with holdfast.init(run="pong-1", config={"lr": 3e-4}) as run:
        run.log({"loss": 0.31}, step=1)
        run.log_step("pong-1/0", 0, action=2, reward=1.0, frame=frame)

    client = holdfast.Client("127.0.0.1:7411")
    client.labels.next(limit=10)
"""

from typing import Any, Optional, Sequence

from . import replay
from .client import Client
from .delivery.delivery import Unsent
from .delivery.problem import DeliveryProblem, DeliveryStatistics
from .errors import HoldfastError, ServerError
from .options import Options
from .run import DataGeneration, Run
from .start import init
from .sync import SyncReport, sync
from .tables import Columns
from .version import VERSION as __version__
from .wire.array import Array

__all__ = [
    "Array", "Client", "Columns", "DataGeneration", "DeliveryProblem", "DeliveryStatistics", "HoldfastError", "Options",
    "Run", "ServerError", "SyncReport", "Unsent", "__version__", "init", "replay", "resolve", "sync",
]  # fmt: skip


def resolve(
    refs: Sequence[str],
    server: Optional[str] = None,
    token: Optional[str] = None,
    missing: str = "error",
    stack: bool = False,
    ca_file: Optional[str] = None,
) -> Any:
    """The arrays behind references such as h5://run/frames/7, in their order: a list, or with `stack` one array (n, …)."""
    with Client(server, token, ca_file=ca_file) as client:
        return client.resolve(refs, missing=missing, stack=stack)
