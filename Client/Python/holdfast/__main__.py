"""python -m holdfast doctor | sync"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import Optional, Sequence, Set

from .delivery.problem import LOGGER, DeliveryProblem
from .doctor import examine
from .errors import HoldfastError, ServerError
from .options import Options
from .sync import sync
from .spool.folder import standard_directory
from .version import VERSION
from .words import plural


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs a command; 0: well, 1: not, 2: usage."""
    parser = argparse.ArgumentParser(prog="python -m holdfast", description="The client of a Holdfast server.")
    parser.add_argument("--version", action="version", version=f"holdfast {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    doctor = commands.add_parser("doctor", help="says what is well: server, TLS, versions, token, clocks, spool")
    syncing = commands.add_parser("sync", help="sends what processes left in a spool")
    syncing.add_argument("--timeout", type=float, default=3600.0, metavar="SECONDS", help="how long it may take")
    for command in (doctor, syncing):
        command.add_argument("directory", nargs="?", metavar="DIR", help="the spool (HOLDFAST_SPOOL)")
        otherwise = "127.0.0.1:7411" if command is doctor else "each spool's own"
        command.add_argument(
            "--server", metavar="HOST:PORT", help=f"the server, or tls://HOST:PORT (HOLDFAST_SERVER, or {otherwise})"
        )
        command.add_argument("--token", help="its token (HOLDFAST_TOKEN)")
        command.add_argument("--ca-file", metavar="FILE", help="the authorities to trust at tls://… (HOLDFAST_CA_FILE)")
    options = parser.parse_args(arguments)
    if options.command == "doctor":
        findings = examine(options.server, options.token, options.directory, options.ca_file)
        print(*findings, sep="\n")
        return 0 if all(finding.is_well for finding in findings) else 1
    return _sync(options)


def _sync(options: argparse.Namespace) -> int:
    told: Set[str] = set()

    def tell(problem: DeliveryProblem) -> None:
        reason = str(problem.error or problem.message)
        # That the token lacks the role is what the command ends with.
        if reason not in told and not (problem.error and problem.error.kind == "forbidden"):
            told.add(reason)
            _complain(f"{problem.kind}: {problem.message}")

    # What the log says of problems is said by `tell`.
    LOGGER.addHandler(logging.NullHandler())
    LOGGER.propagate = False
    if options.directory:
        try:
            os.stat(options.directory)
        except FileNotFoundError:
            _complain(f"there is no folder {options.directory}")
            return 1
        except OSError:
            pass  # sync says what is in the way
    try:
        report = sync(
            options.directory, options.server, options.token, options.timeout, Options(on_problem=tell), options.ca_file
        )
    except (HoldfastError, ServerError) as error:
        _complain(_reason(error, options.server or os.environ.get("HOLDFAST_SERVER")))
        return 1
    directory = options.directory or standard_directory()
    if report.found == 0:
        print(f"nothing to send: there is no spool in {directory}")
        return 0
    refused = f", {report.rejected} {'was' if report.rejected == 1 else 'were'} refused" if report.rejected else ""
    print(f"sent {plural(report.acknowledged, 'record')}{refused}")
    # A row of metrics that was refused is not kept, only told.
    if report.rejected and os.path.isdir(f"{directory}/rejected"):
        _complain(f"the refused records lie in {directory}/rejected; each .error.json says why")
    for server, failure in report.failures:
        _complain(_reason(failure, server))
    for path, reason in report.unreadable:
        _complain(f"{path}: {reason}")
    if report.damaged:
        _complain(f'{plural(report.damaged, "damaged spool")}: what could not be read was set aside as "damaged-…"')
    others = report.left - len(report.unreadable)
    if others > 0 and not report.failures:
        _complain(f"still there: {plural(others, 'spool')}, in use by living processes, or not sent in time")
    return 1 if report.left or report.failures or report.damaged or report.rejected else 0


def _complain(message: str) -> None:
    print(f"holdfast: {message}", file=sys.stderr)


def _reason(error: Exception, server: Optional[str]) -> str:
    """Why nothing was sent to a server, and what to do."""
    place = f" at {server}" if server else ""
    if isinstance(error, ServerError) and error.kind == "unauthorized":
        return f"sending{place} failed: {error.kind}: {error.message}; give the server's token with HOLDFAST_TOKEN or --token"
    if isinstance(error, HoldfastError) and error.code == "unreachable":
        return f"nothing was sent: {error}; start it, or name another with --server"
    if isinstance(error, HoldfastError) and error.code == "protocol_violation":
        return f"{error}; name the right one with --server"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
