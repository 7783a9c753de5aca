"""A Kafka that asks everybody who he is, by password or by certificate, and holds him to his rights (docs/security.md).

Always a child process, in containers or not: what is tried here is who gets in, not where it runs.
"""

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from string import Template

import trustme
from click.testing import Result
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from typer.testing import CliRunner

from kalimaya.cli import app
from kalimaya.embedded.kafka import TEMPLATES, KafkaNode, cluster_at, quiet_client_logs
from kalimaya.ports import free_ports
from kalimaya.settings import Settings
from services.kit.kafka_access import KafkaAccess
from tests.support.embedded import Children

ADMIN = "kalimaya-admin"
PASSWORD = "only-for-these-tests"

REPLACED = ("listeners", "advertised.listeners", "inter.broker.listener.name", "listener.security.protocol.map")
SETTINGS = Template("""
listeners=SASL_SSL://127.0.0.1:${port},SSL://127.0.0.1:${certificates_port},CONTROLLER://127.0.0.1:${controller_port}
advertised.listeners=SASL_SSL://127.0.0.1:${port},SSL://127.0.0.1:${certificates_port}
inter.broker.listener.name=SSL
listener.security.protocol.map=SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location=${certificates}/kafka.pem
ssl.truststore.type=PEM
ssl.truststore.location=${certificates}/ca.pem
listener.name.ssl.ssl.client.auth=required
listener.name.controller.ssl.client.auth=required
ssl.principal.mapping.rules=RULE:^.*CN=([^,]+).*$$/$$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:kafka;User:kalimaya-admin
""")


def environment(access: KafkaAccess) -> dict[str, str]:
    """The same as a process is told it."""
    named = {
        "KAFKA": access.bootstrap,
        "KAFKA_SECURITY": access.security,
        "KAFKA_CA": access.ca,
        "KAFKA_CERTIFICATE": access.certificate,
        "KAFKA_KEY": access.key,
        "KAFKA_USER": access.user,
        "KAFKA_PASSWORD_FILE": access.password_file,
    }
    return {f"KALIMAYA_{name}": str(value) for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecuredNode(KafkaNode):
    """See KafkaNode. `port` is for passwords."""

    certificates_port: int
    certificates: Path

    def access(self) -> KafkaAccess:
        """The administrator's."""
        return KafkaAccess(
            bootstrap=self.bootstrap,
            security="sasl_ssl",
            ca=self.certificates / "ca.pem",
            user=ADMIN,
            password_file=self.certificates / ADMIN,
        )

    def prepare(self) -> None:
        """Write the settings, and format the folder with the administrator in it."""
        self.home.mkdir(parents=True)
        (self.home / "cluster-id").write_text("5L6g3nShT-eMCtK--X86sw")
        usual = Template((TEMPLATES / "server.properties").read_text()).substitute(
            log_dir=self.home / "log", port=self.port, controller_port=self.controller_port
        )
        kept = [line for line in usual.splitlines() if line.partition("=")[0] not in REPLACED]
        ours = SETTINGS.substitute({name: getattr(self, name) for name in SETTINGS.get_identifiers()})
        properties = self.home / "server.properties"
        properties.write_text("\n".join(kept) + ours)
        credential = f"SCRAM-SHA-512=[name={ADMIN},password={PASSWORD}]"
        arguments = ("-t", self.cluster_id, "-c", str(properties), "--standalone", "--add-scram", credential)
        subprocess.run(
            self._java("-Xmx256m", "kafka.tools.StorageTool", "format", *arguments), check=True, capture_output=True
        )

    async def probe(self) -> str | None:
        """None when it lets the administrator in."""
        try:
            await cluster_at(self.access())
        except Exception as error:  # whatever a client raises while a broker is on its way up
            return repr(error)
        return None


class SecuredKafka:
    """One such node, started, with an authority that makes certificates."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kalimaya-secured-"))
        self._authority = trustme.CA()
        self._authority.cert_pem.write_to_path(self.folder / "ca.pem")
        self._issue("kafka")
        (self.folder / ADMIN).write_text(PASSWORD + "\n")
        port, certificates_port, controller_port = free_ports(3)
        self.node = SecuredNode(
            home=self.folder / "kafka",
            libs=Settings().kafka_libs,
            port=port,
            controller_port=controller_port,
            certificates_port=certificates_port,
            certificates=self.folder,
        )
        self.node.prepare()
        quiet_client_logs()
        self.admin = self.node.access()
        self._children = Children()
        self._children.start(self.node.child(self.folder / "kafka.log"))

    @property
    def passwords(self) -> Path:
        """The folder for passwords."""
        return self.folder / "passwords"

    def by_password(self, user: str) -> KafkaAccess:
        """As this user, with his password."""
        return KafkaAccess(
            bootstrap=self.admin.bootstrap,
            security="sasl_ssl",
            ca=self.admin.ca,
            user=user,
            password_file=self.passwords / user,
        )

    def by_certificate(self, user: str) -> KafkaAccess:
        """As this user, with a certificate in his name."""
        pem = self._issue(user)
        return KafkaAccess(
            bootstrap=f"127.0.0.1:{self.node.certificates_port}",
            security="ssl",
            ca=self.admin.ca,
            certificate=pem,
            key=pem,
        )

    def command(self, *arguments: str, access: KafkaAccess | None = None) -> Result:
        """What `kalimaya` does and says, as the administrator or somebody else."""
        return CliRunner().invoke(app, arguments, env=environment(access or self.admin))

    def close(self) -> None:
        """End it and remove its data."""
        self._children.close()
        rmtree(self.folder, ignore_errors=True)

    def _issue(self, name: str) -> Path:
        """Key, certificate and what it rests on in one file; the key as PKCS#8, for Kafka reads no other."""
        issued = self._authority.issue_cert("127.0.0.1", "localhost", common_name=name)
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        pem = self.folder / f"{name}.pem"
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        pem.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
        return pem
