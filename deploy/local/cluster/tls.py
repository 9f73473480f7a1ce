"""What `--tls` adds: an authority of this folder of servers, and one certificate for all of them.

TLS is on where the certificates are, so every later command finds the servers as they were started; it goes away with
`down --wipe`.
"""

import os
import pathlib
import shutil
import socket
import ssl
import tempfile

from .process import run
from .settings import ENV, MAX_NODES, Problem, run_dir

DAYS = "3650"

# Cassandra's nodes have addresses of their own; the last one is where the class archives are made.
NAMES = ["DNS:localhost", *(f"IP:127.0.0.{number}" for number in range(1, MAX_NODES + 2))]

OPENSSL = f"""\
[req]
distinguished_name = subject
prompt = no
[subject]
CN = localhost
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {", ".join(NAMES)}
"""


def folder() -> pathlib.Path:
    return run_dir() / "tls"


def ca_file() -> pathlib.Path:
    return folder() / "ca.crt"


def key_store() -> pathlib.Path:
    """For Java: key and certificate, opened by TLS_KEYSTORE_PASSWORD."""
    return folder() / "server.p12"


def on() -> bool:
    return folder().exists()


def turn_on() -> None:
    """Makes the certificates, all of them or none."""
    if not shutil.which("openssl"):
        raise Problem("There is no openssl to make certificates with: run scripts/install-packages --servers.")
    if on():
        return
    run_dir().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=run_dir(), prefix="tls-new-") as scratch:
        made = pathlib.Path(scratch) / "tls"
        made.mkdir(mode=0o700)
        (made / "openssl.cnf").write_text(OPENSSL)
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", "openssl.cnf"]
        openssl(made, "req", "-x509", *new_key, "-extensions", "authority", "-subj", "/CN=chat4all local authority",
                "-days", DAYS, "-keyout", "ca.key", "-out", "ca.crt")
        openssl(made, "req", *new_key, "-keyout", "server.key", "-out", "server.csr")
        openssl(made, "x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", DAYS, "-extfile", "openssl.cnf", "-extensions", "server", "-out", "server.crt")
        openssl(made, "pkcs12", "-export", "-inkey", "server.key", "-in", "server.crt", "-certfile", "ca.crt",
                "-passout", "env:KEYSTORE_PASSWORD", "-out", "server.p12")
        # Clients need the authority's certificate, and may be other users; the keys stay closed.
        for name in ("ca.key", "server.key", "server.p12"):
            (made / name).chmod(0o600)
        made.chmod(0o755)
        made.rename(folder())


def openssl(where: pathlib.Path, *words: str) -> None:
    run(["openssl", *words], cwd=where, env={**os.environ, "KEYSTORE_PASSWORD": ENV["TLS_KEYSTORE_PASSWORD"]})


def turn_off() -> None:
    shutil.rmtree(folder(), ignore_errors=True)


def problem(host: str, port: int) -> str:
    """Empty where a handshake with the server's certificate, checked against the authority, succeeds."""
    try:
        context = ssl.create_default_context(cafile=str(ca_file()))
        with socket.create_connection((host, port), timeout=2) as plain:
            context.wrap_socket(plain, server_hostname=host).close()
            return ""
    except OSError as error:  # ssl.SSLError is one
        return f"no TLS on {host}:{port} ({error})"
