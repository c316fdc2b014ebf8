# SPDX-License-Identifier: EUPL-1.2
"""How Wissel reaches Kafka: addresses, TLS and SASL, told to each client in its own words. Never shows a password."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SCHEME: Final = "kafka://"
MAX_MESSAGE_BYTES: Final = 1_048_576  # an event is at most 900 kB (the door), headers included it stays below this
_QUIET: Final = logging.getLogger("wissel.librdkafka")
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False


@dataclass(frozen=True, slots=True)
class Access:
    """Where the brokers are and who we are to them. ``prefix`` stands before the name of every topic."""

    servers: str
    prefix: str = ""
    replicas: int = 3
    tls: bool = False
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    mechanism: str = "SCRAM-SHA-512"

    def name(self, topic: str) -> str:
        """Return what a topic is called in Kafka."""
        return self.prefix + topic

    def confluent(self, **more: Any) -> dict[str, Any]:
        """Return the settings of librdkafka."""
        given = {
            "bootstrap.servers": self.servers,
            "security.protocol": self._protocol,
            "client.id": "wissel",
            "allow.auto.create.topics": False,
            "log_level": 0,  # what goes wrong comes as an error to whoever asked, and is logged there
            "logger": _QUIET,
            "error_cb": _asked,
            "ssl.ca.location": self.ca,
            "ssl.certificate.location": self.certificate,
            "ssl.key.location": self.key,
            "sasl.mechanism": self.mechanism if self.user else None,
            "sasl.username": self.user,
            "sasl.password": self.password,
        }
        return _given(given) | more

    def kafka_python(self) -> dict[str, Any]:
        """Return the settings of kafka-python."""
        given = {
            "bootstrap_servers": self.servers.split(","),
            "security_protocol": self._protocol,
            "client_id": "wissel",
            "ssl_cafile": self.ca,
            "ssl_certfile": self.certificate,
            "ssl_keyfile": self.key,
            "sasl_mechanism": self.mechanism if self.user else None,
            "sasl_plain_username": self.user,
            "sasl_plain_password": self.password,
        }
        return _given(given)

    @property
    def _protocol(self) -> str:
        return ("SASL_" if self.user else "") + ("SSL" if self.tls else "PLAINTEXT")


def _asked(_error: object) -> None:
    """Leave what librdkafka tells besides to who asked: without this it would be raised a second time, anywhere."""


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, Path) else value for name, value in settings.items() if value is not None}
