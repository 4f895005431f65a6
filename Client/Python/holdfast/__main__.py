"""python -m holdfast doctor | sync"""

from __future__ import annotations

import argparse
import sys
from typing import Optional, Sequence

from .doctor import examine
from .errors import HoldfastError, ServerError
from .options import Options
from .sync import sync
from .version import VERSION


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

    try:
        report = sync(
            options.directory, options.server, options.token, options.timeout, Options(on_problem=tell), options.ca_file
        )
    except (HoldfastError, ServerError) as error:
        print(f"holdfast: {error}", file=sys.stderr)
        return 1
    print(f"{report.acknowledged} records sent, {report.rejected} rejected, {report.left} spools left")
    for _, failure in report.failures:
        print(f"holdfast: {failure}", file=sys.stderr)
    return 0 if report.left == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
