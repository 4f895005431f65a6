"""Certificates for tests, made with the command openssl."""

import ssl
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, text=True, timeout=60)


class Certificate:
    """A server's certificate and key, and the authority that signed it."""

    def __init__(self, authority, name):
        self.authority = authority
        self.file, self.key = authority.folder / f"{name}.pem", authority.folder / f"{name}.key"

    @property
    def arguments(self):
        return "--tls-cert", self.file, "--tls-key", self.key


class Authority:
    """Signs certificates, as an organisation's own authority does."""

    def __init__(self, folder, name="authority"):
        self.folder, self.file, self._key = folder, folder / f"{name}.pem", folder / f"{name}.key"
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", self._key)
        openssl("req", "-x509", *new_key, "-subj", f"/CN={name}", "-days", 30, "-out", self.file)

    def issue(self, name="server", names="DNS:localhost,IP:127.0.0.1", days=30):
        """A certificate for names; with negative days it has expired."""
        made, request = Certificate(self, name), self.folder / f"{name}.csr"
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", made.key)
        openssl("req", *new_key, "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}", "-out", request)
        signing = ("-CA", self.file, "-CAkey", self._key, "-copy_extensions", "copy", "-days", days)
        openssl("x509", "-req", "-in", request, *signing, "-out", made.file)
        return made

    @property
    def context(self):
        """For a client that trusts this authority."""
        return ssl.create_default_context(cafile=self.file)
