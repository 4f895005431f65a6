"""TLS on a connection: whom a client trusts, and what it means when it doesn't."""

from __future__ import annotations

import re
import socket
import ssl
from typing import NamedTuple, Optional, Tuple

from ..address import Address
from ..checks import shown
from ..errors import HoldfastError

#: OpenSSL's numbers of what is wrong with a certificate: it has expired, and it is for another name or IP address.
_EXPIRED, _OTHER_NAMES = 10, (62, 64)
#: What OpenSSL says when the answer to its greeting is none of TLS.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL")
#: What a PEM file says that it has.
_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----")
#: What a socket with TLS raises where one without raises BlockingIOError.
WOULD_BLOCK = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Certificate(NamedTuple):
    """Of a server: the version of TLS, the names and IP addresses in it, and until when it is valid, in UNIX seconds."""

    version: str
    names: Tuple[str, ...]
    until: float


def context(ca_file: Optional[str], source: str = "the file of trusted authorities") -> ssl.SSLContext:
    """What to trust: the authorities in a PEM file, or those of the system. `source`: what named the file. Raises HoldfastError
    with tls."""
    fault: Optional[str] = None
    try:
        made = ssl.create_default_context(cafile=ca_file)
        if ca_file is not None and not made.cert_store_stats()["x509"]:
            fault = "there is no certificate in it"
    except ssl.SSLError as error:
        fault = _unusable(ca_file or "", error)
    except (FileNotFoundError, NotADirectoryError):
        fault = "there is no such file"
    except OSError as error:
        fault = f"it can't be read: {error.strerror or error}"
    except ValueError as error:  # a name with a zero byte
        fault = f"that is no file's name: {error}"
    if fault:
        raise HoldfastError(
            "tls",
            f"{source} is {shown(ca_file)}: {fault}; name a PEM file with the certificates of the authorities to trust by "
            "HOLDFAST_CA_FILE, ca_file or --ca-file",
        )
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def _unusable(file: str, error: ssl.SSLError) -> str:
    """Why no certificate can be taken from a file that can be read."""
    try:
        with open(file, "rb") as opened:
            start = opened.read(1 << 20)
    except OSError:
        return str(error)
    kinds = sorted({kind.decode("ascii", "replace") for kind in _BEGIN.findall(start)})
    if not kinds:
        # What DER begins with: a sequence whose length takes two bytes.
        is_der = start.startswith(b"\x30\x82")
        hint = f", but perhaps one in DER, of which openssl x509 -inform der -in {file} makes one" if is_der else ""
        return f"that is no PEM file{hint}"
    if not any("CERTIFICATE" in kind for kind in kinds):
        return f"there is no certificate in it, but {', '.join(kinds)}"
    return f"a certificate in it is damaged ({error.reason or 'OpenSSL can not read it'})"


def secured(plain: socket.socket, address: Address) -> ssl.SSLSocket:
    """The socket with TLS, once the server's certificate has proved good; waits no longer than the socket's timeout.

    Raises HoldfastError with tls, unreachable or timeout, and has then closed the socket.
    """
    with_tls = context(address.ca_file)
    try:
        return with_tls.wrap_socket(plain, server_hostname=address.host)
    except socket.timeout:
        raise HoldfastError("timeout", f"the server at {address} has not finished the TLS handshake in time") from None
    except ssl.SSLCertVerificationError as error:
        raise HoldfastError("tls", _distrust(error, address)) from None
    except ssl.SSLEOFError:
        reason = f"the server at {address} closed the connection during the TLS handshake"
        raise HoldfastError("unreachable", reason) from None
    except ssl.SSLError as error:
        if error.reason in _NOT_TLS:
            reason = (
                f"the server at {address} does not speak TLS: leave tls:// away, or have it serve with --tls-cert and --tls-key"
            )
        else:
            reason = f"the TLS handshake with the server at {address} failed: {error}"
        raise HoldfastError("tls", reason) from None
    except OSError as error:
        raise HoldfastError("unreachable", f"no connection to the server at {address}: {error}") from None


def _distrust(error: ssl.SSLCertVerificationError, address: Address) -> str:
    whose = f"the certificate of the server at {address}"
    if error.verify_code == _EXPIRED:
        return f"{whose} has expired; renew it there"
    if error.verify_code in _OTHER_NAMES:
        return f"{whose} does not name {address.host}; use a name that is in it, or one made for this name"
    trusted = f"those in {address.ca_file}" if address.ca_file else "those that this system trusts"
    return (
        f"{whose} is of no authority among {trusted} ({error.verify_message}); name the PEM file with its authority's "
        "certificate with HOLDFAST_CA_FILE, ca_file or --ca-file"
    )


def certificate(secure: ssl.SSLSocket) -> Certificate:
    """What the server showed."""
    shown = secure.getpeercert() or {}
    names = tuple(str(entry[-1]) for entry in shown.get("subjectAltName", ()))
    return Certificate(secure.version() or "TLS", names, float(ssl.cert_time_to_seconds(str(shown["notAfter"]))))
