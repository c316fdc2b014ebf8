# SPDX-License-Identifier: EUPL-1.2
"""TLS, SCRAM and the least rights of each role (docs/how-to/kafka.md), on a real Kafka that refuses everything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from conftest import kafka_cluster
from hub_voor_tests import Klok, VolgFlow, feit, loaded, plugins, zet
from logs import access, publisher_of, settle

from demo.broker import free_ports
from hub.app import EmbeddedHub
from hub.errors import LogUnavailable
from hub.events import PERSONEN, ZAKEN
from hub.topics import Topics

PREFIX = "proef."
SECURE = """
listeners=PLAINTEXT://127.0.0.1:{{port}},CONTROLLER://127.0.0.1:{{controller}},SASL_SSL://127.0.0.1:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{{port}},SASL_SSL://127.0.0.1:{secure}
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
ssl.keystore.type=PEM
ssl.keystore.location={pem}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
"""
HUB = ("READ", "WRITE", "DESCRIBE")
BEHEER = ("CREATE", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS", "READ")
LEZER = ("READ", "DESCRIBE")


def certificate(folder):
    """A key with its own certificate for 127.0.0.1: what the broker shows, and what we trust."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "broker.pem").write_bytes(private + made.public_bytes(pem))
    (folder / "ca.pem").write_bytes(made.public_bytes(pem))


@pytest.fixture(scope="module")
def toegang(tmp_path_factory):
    """A function from a user to how that user reaches a broker that lets nobody do anything without a rule."""
    folder = tmp_path_factory.mktemp("beveiligd")
    certificate(folder)
    (secure,) = free_ports(1)
    users = {"wissel": HUB, "beheer": BEHEER, "lezer": LEZER}
    scram = [a for user in users for a in ("--add-scram", f"SCRAM-SHA-512=[name={user},password={user}-geheim]")]
    with kafka_cluster(folder, extra=SECURE.format(secure=secure, pem=folder / "broker.pem"), format_args=scram) as cluster:
        allow(cluster.bootstrap, users)

        def of(user, password=None):
            base = access(f"127.0.0.1:{secure}", PREFIX)
            return replace(base, tls=True, ca=folder / "ca.pem", user=user, password=password or f"{user}-geheim")

        yield of


def allow(bootstrap, users):
    from kafka.admin import (
        ACL,
        ACLOperation,
        ACLPermissionType,
        ACLResourcePatternType,
        KafkaAdminClient,
        ResourcePattern,
        ResourceType,
    )

    pattern = ResourcePattern(ResourceType.TOPIC, PREFIX, ACLResourcePatternType.PREFIXED)
    client = KafkaAdminClient(bootstrap_servers=bootstrap)
    client.create_acls(
        [
            ACL(f"User:{user}", "*", getattr(ACLOperation, operation), ACLPermissionType.ALLOW, pattern)
            for user, operations in users.items()
            for operation in operations
        ]
    )
    client.close()


def hub_as(given, folder):
    settings = loaded(folder).model_copy(update={"kafka": given})
    return EmbeddedHub(settings, clock=Klok(), plugins=plugins(flows={"volg": VolgFlow()}))


def test_each_role_does_its_own_with_the_rights_of_the_page_and_no_more(toegang, tmp_path):
    """Who administers makes the topics, the hub publishes and reads, a reader cannot write and the hub makes no topic."""
    topics = Topics(toegang("beheer"), {ZAKEN: 2, PERSONEN: 2})
    topics.apply(topics.plan())
    assert topics.plan() == ([], [])
    hub = hub_as(toegang("wissel"), tmp_path).open()
    zet(hub, *(feit("a", n) for n in range(5)))
    settle(hub, publisher_of(hub))
    assert hub.read_model("teller").get("emmen", "a")["gezien"] == [1, 2, 3, 4, 5]
    hub.close()
    reader = hub_as(toegang("lezer"), tmp_path).open()
    zet(reader, feit("a", 9))
    publisher = publisher_of(reader)
    with pytest.raises(LogUnavailable):
        publisher.catch_up()
    reader.close()
    with pytest.raises(LogUnavailable, match="mag"):
        Topics(toegang("wissel"), {"wissel.ander": 1}).apply(Topics(toegang("wissel"), {"wissel.ander": 1}).plan())


def test_a_wrong_password_keeps_the_store_open_and_says_so(toegang, tmp_path, monkeypatch):
    """Nothing is lost: the hub takes what comes, and the outbox waits."""
    from hub.log import kafka as engine

    monkeypatch.setattr(engine, "_ASK_S", 1.0)
    hub = hub_as(toegang("wissel", "verkeerd"), tmp_path)
    settings = hub.settings
    assert "verkeerd" not in repr(hub.kafka) + repr(settings)
    hub.plugins = plugins()
    hub.open()
    zet(hub, feit("a", 0))
    with pytest.raises(LogUnavailable):
        hub.log.positions()
    hub.close()
