"""How a process gets in to Kafka: its address, whether the wire is encrypted, and as whom it comes.

aiokafka and librdkafka want that in words of their own; here is who knows both. Certificates and passwords are files,
read anew for each client that is made: what was renewed counts from the next connection that has to be made afresh.
"""

import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from services.kit.ledger.log import Unavailable

Security = Literal["plaintext", "ssl", "sasl_ssl"]
"""`ssl`: a certificate says who we are; `sasl_ssl`: name and password do, over an encrypted wire."""

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaAccess:
    """`bootstrap`: host:port, several with commas between. Raises ValueError for what does not fit together.

    `ca`: whose certificates are trusted, PEM; None: those that the system trusts. `certificate` and `key`: PEM, the key
    without a passphrase.
    """

    bootstrap: str
    security: Security = "plaintext"
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    password_file: Path | None = None

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("a certificate and its key are given together")
        if (self.user is None) != (self.password_file is None):
            raise ValueError("a user and the file of its password are given together")
        if (self.security == "sasl_ssl") != (self.user is not None):
            raise ValueError("a user is for security sasl_ssl, which needs one")
        if self.security == "plaintext" and (self.ca or self.certificate):
            raise ValueError("certificates are for security ssl or sasl_ssl")

    def __str__(self) -> str:
        """For messages to people."""
        return self.bootstrap

    @property
    def exposed(self) -> bool:
        """Whether others may read along or write: nothing is encrypted, and it does not stay on this machine."""
        return self.security == "plaintext" and not on_this_machine(self.bootstrap)

    def tls(self) -> ssl.SSLContext:
        """What TLS is done with; the broker's name is checked. Raises Unavailable when a file cannot be used now."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except OSError as error:  # ssl.SSLError, too; while files are exchanged, the next try finds them whole
            raise Unavailable(f"the certificates for Kafka cannot be used: {error}") from error
        return context

    def password(self) -> str:
        """The password, without the line's end. Raises Unavailable when it cannot be read now."""
        assert self.password_file is not None
        try:
            return self.password_file.read_text().rstrip("\r\n")
        except OSError as error:
            raise Unavailable(f"the password for Kafka cannot be read: {error}") from error

    def aiokafka(self) -> dict[str, Any]:
        """Arguments of any client of aiokafka. Raises Unavailable when a file cannot be used now."""
        found: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap,
            "security_protocol": self.security.upper(),
        }
        if self.security != "plaintext":
            found["ssl_context"] = self.tls()
        if self.security == "sasl_ssl":
            found |= {
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password(),
            }
        return found

    def librdkafka(self) -> dict[str, Any]:
        """Settings of any client of confluent-kafka. Raises Unavailable when the password cannot be read now."""
        files = {
            "ssl.ca.location": self.ca,
            "ssl.certificate.location": self.certificate,
            "ssl.key.location": self.key,
        }
        found = {"bootstrap.servers": self.bootstrap, "security.protocol": self.security}
        found |= {name: str(path) for name, path in files.items() if path is not None}
        if self.security == "sasl_ssl":
            found |= {
                "sasl.mechanisms": MECHANISM,
                "sasl.username": str(self.user),
                "sasl.password": self.password(),
            }
        return found


Bootstrap = str | KafkaAccess
"""Where Kafka is: with how one gets in, or the address alone, which is a Kafka that asks nobody anything."""


def access_to(bootstrap: Bootstrap) -> KafkaAccess:
    """The same in one form."""
    return bootstrap if isinstance(bootstrap, KafkaAccess) else KafkaAccess(bootstrap=bootstrap)


def on_this_machine(bootstrap: str) -> bool:
    """Whether these addresses are all of this machine's loopback."""
    return all(map(_loopback, bootstrap.split(",")))


def _loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip().strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
