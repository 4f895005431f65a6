"""python -m holdfast doctor | sync"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Optional, Sequence

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
    def tell(problem: object) -> None:
        print(problem, file=sys.stderr)

    if options.directory:
        try:
            os.stat(options.directory)
        except FileNotFoundError:
            print(f"holdfast: there is no folder {options.directory}", file=sys.stderr)
            return 1
        except OSError:
            pass  # sync says what is in the way
    try:
        report = sync(
            options.directory, options.server, options.token, options.timeout, Options(on_problem=tell), options.ca_file
        )
    except (HoldfastError, ServerError) as error:
        print(_reason(error, options.server or os.environ.get("HOLDFAST_SERVER")), file=sys.stderr)
        return 1
    if report.found == 0:
        print(f"nothing to send: there is no spool in {options.directory or standard_directory()}")
        return 0
    refused = f", {report.rejected} were refused" if report.rejected else ""
    print(f"sent {plural(report.acknowledged, 'record')}{refused}")
    for server, failure in report.failures:
        print(_reason(failure, server), file=sys.stderr)
    if report.left and not report.failures:
        reason = "in use by living processes, or not sent in time"
        print(f"holdfast: still there: {plural(report.left, 'spool')}, {reason}", file=sys.stderr)
    return 0 if report.left == 0 else 1


def _reason(error: Exception, server: Optional[str]) -> str:
    """Why nothing was sent to a server, and what to do."""
    place = f" at {server}" if server else ""
    if isinstance(error, ServerError) and error.kind == "unauthorized":
        return f"holdfast: sending{place} failed: {error}; give the server's token with HOLDFAST_TOKEN or --token"
    if isinstance(error, HoldfastError) and error.code == "unreachable":
        return f"holdfast: nothing was sent: {error}; start it, or name another with --server"
    return f"holdfast: {error}"


if __name__ == "__main__":
    sys.exit(main())
