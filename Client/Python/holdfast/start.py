"""The start of a run."""

from __future__ import annotations

import os
import time
import uuid
import warnings
from dataclasses import replace
from typing import Any, Callable, Dict, Optional, Sequence, Union

from .address import Address, server_address, server_token
from .checks import id_text, json_of, listed, path, text, unless_none, wrong
from .delivery.delivery import Answer, Delivery
from .delivery.problem import DeliveryProblem
from .errors import ServerError
from .options import Options
from .run import Run, check_run_id


def init(
    run: Optional[str] = None,
    config: Any = None,
    tags: Sequence[str] = (),
    server: Union[str, Address, None] = None,
    token: Optional[str] = None,
    spool: Optional[str] = None,
    *,
    agent_id: Optional[str] = None,
    worker_id: Optional[str] = None,
    compression: Optional[str] = None,
    ca_file: Optional[str] = None,
    on_problem: Optional[Callable[[DeliveryProblem], None]] = None,
    options: Optional[Options] = None,
) -> Run:
    """Starts a run, or resumes the one with this id.

    Waits up to `Options.start_timeout` for the server, so that a refusal shows before training begins. Where there is none,
    the run goes on, a warning says so, and its records wait in the spool.

    - run: 1 to 128 of A-Z a-z 0-9 . _ -, the first a letter or digit, no ".."; by default one made of the time
    - config: the run's settings, as JSON
    - server: host:port or tls://host:port; by default HOLDFAST_SERVER, or 127.0.0.1:7411
    - token: by default HOLDFAST_TOKEN
    - spool: the folder where records wait; by default HOLDFAST_SPOOL, or ~/.local/state/holdfast/spool
    - compression: of its arrays: lzf (the server's default), gzip-1 … gzip-9 or none
    - ca_file: of a server at tls://…, a PEM file with the authorities to trust; by default HOLDFAST_CA_FILE, or those that the
      system trusts
    - on_problem: told of each problem of delivery, on the thread that notices it

    Raises ServerError when the server refuses, HoldfastError when an argument is wrong or records can't be kept on disk.
    """
    run = unless_none(text, "run", run) or f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    check_run_id(run)
    if options is not None and not isinstance(options, Options):
        raise wrong("options", options, "it is a holdfast.Options")
    if on_problem is not None and not callable(on_problem):
        raise wrong("on_problem", on_problem, "it is a function that takes a DeliveryProblem")
    options = replace(options or Options())
    if on_problem:
        options.on_problem = on_problem
    params: Dict[str, Any] = {"run_id": run}
    if config is not None:
        params["config"], _ = json_of("config", config)
    if listed("tags", tags):
        params["tags"] = [id_text(f"tags[{place}]", tag) for place, tag in enumerate(tags)]
    for name, value in (("agent_id", agent_id), ("worker_id", worker_id), ("compression", compression)):
        if value is not None:
            params[name] = id_text(name, value)
    spool = unless_none(path, "spool", spool)
    directory = os.path.abspath(os.path.expanduser(spool)) if spool else None
    delivery = Delivery(server_address(server, ca_file), server_token(token), directory, options)
    delivery.open()
    answer = delivery.enqueue("runs.start", params)
    try:
        result = _first_answer(delivery, answer, options.start_timeout)
    except BaseException:
        delivery.close(0.5)
        raise
    if result is None:
        warnings.warn(_why_kept(run, delivery, options), stacklevel=2)
    return Run(run, delivery, None if result is None else bool(result.get("resumed")), config)


def join(run_id: str, config: Any, server: Address, token: Optional[str], spool: str, options: Options) -> Run:
    """The run in a process that its own spawned; that one ends it."""
    run = init(run_id, server=server, token=token, spool=spool, options=options)
    run.config = config
    run.leave_end()
    return run


def _why_kept(run: str, delivery: Delivery, options: Options) -> str:
    failure = delivery.sender.failure
    if isinstance(failure, ServerError) and failure.kind in ("unauthorized", "forbidden"):
        role = "" if failure.kind == "unauthorized" else " to one with the role ingest"
        return (
            f"the server at {delivery.address} refuses the token ({failure}): set HOLDFAST_TOKEN or token=…{role}; what is "
            f"logged is kept in {delivery.directory} until it takes it"
        )
    reason = failure or f"{delivery.address} has not answered in {options.start_timeout:g} s"
    return (
        f"no Holdfast server takes run {run} now ({reason}); it is kept in {delivery.directory} until one does "
        "(python -m holdfast sync sends it later, python -m holdfast doctor says what is wrong)"
    )


def _first_answer(delivery: Delivery, answer: Answer, timeout: float) -> Optional[Dict[str, Any]]:
    """The server's answer; None when it did not come in time, or when there is no server."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        result = answer.wait(0.02)
        if result is not None:
            return result
        if delivery.sender.failure:
            return None
    return None
