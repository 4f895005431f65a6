"""TLS on a connection: whom a client trusts, and what it means when it doesn't."""

from __future__ import annotations

import socket
import ssl
from typing import NamedTuple, Optional, Tuple

from ..address import Address
from ..errors import HoldfastError

#: OpenSSL's numbers of what is wrong with a certificate: it has expired, and it is for another name or IP address.
_EXPIRED, _OTHER_NAMES = 10, (62, 64)
#: What OpenSSL says when the answer to its greeting is none of TLS.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL")
#: What a socket with TLS raises where one without raises BlockingIOError.
WOULD_BLOCK = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Certificate(NamedTuple):
    """Of a server: the version of TLS, the names and IP addresses in it, and until when it is valid, in UNIX seconds."""

    version: str
    names: Tuple[str, ...]
    until: float


def context(ca_file: Optional[str]) -> ssl.SSLContext:
    """What to trust: the authorities in a PEM file, or those of the system. Raises HoldfastError with tls."""
    try:
        made = ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise HoldfastError(
            "tls",
            f"the certificates of the authorities that are trusted can't be read from {ca_file}: {error}; name a PEM file with "
            "HOLDFAST_CA_FILE, ca_file or --ca-file",
        ) from None
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


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
