"""Says what is well and what is not: server, TLS, versions, token, clocks, spool."""

from __future__ import annotations

import difflib
import os
import platform
import time
from importlib import metadata
from typing import Iterator, List, NamedTuple, Optional

from .address import Address, server_address, server_token
from .client import Client
from .errors import HoldfastError, ServerError
from .spool.crc import _native_crc
from .spool.folder import SENDER_LOCK, WRITER_LOCK, SpoolFolder, blamed, names, standard_directory
from .spool.state import peek
from .version import VERSION
from .words import plural

#: What the client has parts for, by the names under which it is installed.
_PACKAGES = (
    "numpy", "google-crc32c", "gymnasium", "torch", "lightning", "pytorch-lightning", "keras", "pillow", "pydicom", "pandas",
)  # fmt: skip
#: The variables of the environment that a client reads.
_PREFIX, _VARIABLES = "HOLDFAST_", ("SERVER", "TOKEN", "SPOOL", "CA_FILE")
#: Clocks further apart than this, in seconds, shift the times in charts.
_MOST_SKEW = 1.0
#: A certificate that ends sooner, in days, should have been renewed by now.
_LEAST_DAYS = 7


class Finding(NamedTuple):
    """A line of the report; what isn't well has a remedy in it."""

    is_well: bool
    subject: str
    text: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.is_well else 'FAIL'}  {self.subject:8}  {self.text}"


def examine(
    server: Optional[str] = None,
    token: Optional[str] = None,
    spool: Optional[str] = None,
    ca_file: Optional[str] = None,
) -> List[Finding]:
    """All findings."""
    return [*_client(), *_misspelt(), *_server(server, token, ca_file), *_spool(spool or standard_directory())]


def _client() -> Iterator[Finding]:
    packages = []
    for name in _PACKAGES:
        try:
            packages.append(f"{name} {metadata.version(name)}")  # without the seconds that an import of torch takes
        except metadata.PackageNotFoundError:
            continue
    speed = "" if _native_crc else "; google-crc32c would make logging frames faster"
    found = ", ".join(packages) or "no optional package"
    yield Finding(True, "client", f"holdfast {VERSION}, Python {platform.python_version()}, {found}{speed}")


def _misspelt() -> Iterator[Finding]:
    """Variables that are read by nobody, and whose names are nearly those of some that are."""
    for variable in sorted(os.environ):
        name = variable[len(_PREFIX) :]
        if variable.startswith(_PREFIX) and name not in _VARIABLES:
            for near in difflib.get_close_matches(name, _VARIABLES, 1, 0.7):
                yield Finding(False, "client", f"{variable} is not read; should it be {_PREFIX}{near}?")


def _server(server: Optional[str], token: Optional[str], ca_file: Optional[str]) -> Iterator[Finding]:
    try:
        address = server_address(server, ca_file)
    except HoldfastError as error:
        yield Finding(False, "tls" if error.code == "tls" else "server", error.message)
        return
    try:
        token = server_token(token)
    except HoldfastError as error:
        yield Finding(False, "token", error.message)
        return
    client = Client(address, token, timeout=10)
    try:
        client.server.ping()
    except ServerError as error:
        yield Finding(True, "server", f"{address} answers")
        if error.kind == "tls_required":
            yield Finding(False, "tls", f"{error.message}, such as HOLDFAST_SERVER=tls://{address}")
            return
        remedies = {"unauthorized": "set HOLDFAST_TOKEN to the server's token", "too_many_logins": "end what sends a wrong one"}
        remedy = remedies.get(error.kind, "compare versions")
        yield Finding(False, "token", f"{error.kind}: {error.message}; {remedy}")
        return
    except HoldfastError as error:
        if error.code == "tls":
            yield Finding(False, "tls", error.message)
            return
        if error.code == "protocol_violation":
            yield Finding(False, "server", f"{error.message}; name the right one with HOLDFAST_SERVER")
            return
        yield Finding(False, "server", f"{error.message}; start it, or set HOLDFAST_SERVER to where it is")
        return
    yield Finding(True, "server", f"{address} is {client.server_version}")
    yield _tls(client, address)
    before = time.time()
    pong = client.server.ping()
    after = time.time()
    roles = ", ".join(pong["roles"])
    yield Finding(True, "token", f"accepted; it allows {roles}" if token else "none given, none needed")
    theirs = float(pong["time"])
    skew = theirs - (before + after) / 2
    is_near = abs(skew) <= _MOST_SKEW + (after - before)
    hint = "" if is_near else "; set one of the clocks, or the times in charts are off"
    distance = f"{1e3 * (after - before):.1f} ms away"
    yield Finding(is_near, "clock", f"the server's is {skew:+.3f} s from this machine's, {distance}{hint}")
    client.close()


def _tls(client: Client, address: Address) -> Finding:
    certificate = client.certificate
    if certificate is None:
        is_local = address.host in ("localhost", "::1") or address.host.startswith("127.")
        danger = "" if is_local else "; token and data cross the network unencrypted unless a VPN does that"
        return Finding(True, "tls", f"off{danger}")
    days = (certificate.until - time.time()) / 86400
    end = time.strftime("%Y-%m-%d", time.gmtime(certificate.until))
    names = ", ".join(certificate.names) or "no name"
    text = f"{certificate.version}; the certificate is for {names}, valid until {end}, {days:.0f} days"
    is_lasting = days > _LEAST_DAYS
    return Finding(is_lasting, "tls", text + ("" if is_lasting else "; renew it on the server, and send that SIGHUP"))


def _spool(directory: str) -> Iterator[Finding]:
    try:
        folders = SpoolFolder.found(directory)
    except FileNotFoundError:
        yield Finding(True, "spool", f"{directory} isn't there yet")
        return
    except OSError as error:
        reason = f"{blamed(directory)} can't be read: {error.strerror}"
        yield Finding(False, "spool", f"{reason}; name another folder, or run as its owner")
        return
    if not folders and SpoolFolder(os.path.abspath(directory)).is_spool():
        yield Finding(False, "spool", f"{blamed(directory)} is itself a spool; name the folder above it")
        return
    is_writable = os.access(directory, os.W_OK | os.X_OK)
    free = os.statvfs(directory)
    room = free.f_bavail * free.f_frsize
    total = sum(folder.size() for folder in folders)
    text = f"{directory}: {plural(len(folders), 'spool')}, {_size(total)}, {_size(room)} free on the disk"
    yield Finding(is_writable, "spool", text + ("" if is_writable else "; it can't be written"))
    for folder in folders:
        state = peek(folder.path)
        if state is None:
            yield Finding(False, "", f"{folder.name}: its state can't be read; remove it if nothing in it matters")
            continue
        writer, sender = folder.is_locked(WRITER_LOCK), folder.is_locked(SENDER_LOCK)
        whose = "a living process fills it" if writer else "left by a process that ended"
        sending = ", somebody sends it" if sender else "" if writer else "; python -m holdfast sync sends it"
        waiting = _end(folder) - state.head
        yield Finding(True, "", f"{folder.name}: {_size(waiting)} wait for {state.server}; {whose}{sending}")
    for name in sorted(names(directory)):
        if name.startswith("damaged-"):
            yield Finding(False, "", f"{name}: a record in it is not what was written; what came before it was sent")
    rejected = [name for name in names(f"{directory}/rejected") if name.endswith(".error.json")]
    if rejected:
        yield Finding(False, "", f"rejected: the server refused {plural(len(rejected), 'request')}; each .error.json says why; delete the folder afterwards")


def _end(folder: SpoolFolder) -> int:
    bases: List[int] = []
    try:
        bases = folder.bases()
        if not bases:
            return 0
        with open(f"{folder.path}/{bases[-1]:016x}.segment", "rb") as file:
            return bases[-1] + int.from_bytes(file.read(24)[16:], "little")
    except OSError:
        return bases[-1] if bases else 0


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
