# SPDX-License-Identifier: EUPL-1.2
"""How the hub shows who it is: JWT, OAuth2 client credentials and mutual TLS, each replaced while the hub runs."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import ipaddress
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from uvicorn.protocols.http.h11_impl import H11Protocol
from zaak_voor_tests import AUTH, SECRET, Standin, draaiende_hub, problem, serving, zaak_settings

from connectors.zaak import toegang
from connectors.zaak.client import GeenToegang, ZaakClient
from hub.errors import SourceContractBroken, SourceUnavailable

ZAAK = "/zaken/api/v1/zaken/11111111-1111-4111-8111-111111111111"
KEY = "zaken/11111111-1111-4111-8111-111111111111"
BODY = {"url": f"http://127.0.0.1{ZAAK}"}


class Bewaakt:
    """Answers a zaak to who shows a JWT signed with ``secret``, or a bearer token in ``tokens``; gives tokens away."""

    def __init__(self, secret: str = SECRET) -> None:
        self.secret = secret
        self.tokens: set[str] = set()
        self.given = 0
        self.lifetime_s: Any = 300
        self.forms: list[dict[str, list[str]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        body = (await receive()).get("body", b"")
        shown = headers.get(b"authorization", b"").decode()
        if scope["path"] == "/token":
            status, answer = self._give(shown, body)
        elif self._fits(shown):
            status, answer = 200, BODY
        else:
            status, answer = 403, problem(403, "invalid-jwt-signature")
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    def _give(self, shown: str, body: bytes) -> tuple[int, Any]:
        self.forms.append(parse_qs(body.decode()))
        if base64.b64decode(shown.removeprefix("Basic ")).decode() != f"wissel:{self.secret}":
            return 401, {"error": "invalid_client"}
        self.given += 1
        self.tokens.add(token := f"token-{self.given}")
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime_s}

    def _fits(self, shown: str) -> bool:
        token = shown.removeprefix("Bearer ")
        if token in self.tokens:
            return True
        try:
            jwt.decode(token, self.secret, algorithms=["HS256"])
        except jwt.PyJWTError:
            return False
        return True


def client_for(base: str, **settings: Any) -> ZaakClient:
    return ZaakClient(zaak_settings(base, **settings), gemeente="emmen")


def test_a_new_secret_in_the_file_is_used_without_a_restart(tmp_path: Path) -> None:
    """The file is read again once the other side refuses the old one; nothing else has to be done."""
    file = tmp_path / "geheim"
    file.write_text(SECRET)
    side = Bewaakt()

    async def main() -> None:
        async with serving(side) as base:
            client = client_for(base, secret=None, secret_bestand=str(file))
            assert await client.get("zaken", KEY) == BODY
            side.secret = "een-ander-geheim-van-het-zaaksysteem-ook-lang-genoeg"
            with pytest.raises(GeenToegang):
                await client.get("zaken", KEY)
            file.write_text(side.secret)
            assert await client.get("zaken", KEY) == BODY
            file.unlink()
            assert await client.get("zaken", KEY) == BODY
            await client.aclose()

    asyncio.run(main())


def test_a_token_of_an_oauth2_server_is_asked_once_and_again_when_refused() -> None:
    """Client credentials (RFC 6749 4.4): one token for many requests, a new one after a refusal and near its end."""
    side = Bewaakt()

    async def main() -> None:
        async with serving(side) as base:
            client = client_for(base, oauth2={"token_url": f"{base}/token", "scope": "zaken"})
            answers = await asyncio.gather(*(client.get("zaken", KEY) for _ in range(8)))
            assert answers == [BODY] * 8
            assert side.given == 1
            assert side.forms[0] == {"grant_type": ["client_credentials"], "scope": ["zaken"]}
            side.tokens.clear()
            with pytest.raises(GeenToegang):
                await client.get("zaken", KEY)
            assert await client.get("zaken", KEY) == BODY
            assert side.given == 2
            await client.aclose()

    asyncio.run(main())


@pytest.mark.parametrize(("broken", "raised"), [("secret", SourceContractBroken), ("lifetime", SourceUnavailable)])
def test_an_oauth2_server_that_gives_nothing_is_said_so(broken: str, raised: type[Exception]) -> None:
    """Refused credentials are a fault of settings, an answer without a token is tried again; no secret is in the text."""
    side = Bewaakt()

    async def main() -> None:
        async with serving(Standin() if broken == "lifetime" else side) as base:
            side.secret = "iets-anders-dan-wij-hebben" if broken == "secret" else side.secret
            path = "/zaken/api/v1/niets" if broken == "lifetime" else "/token"
            client = client_for(base, oauth2={"token_url": f"{base}{path}"})
            with pytest.raises((raised, SourceContractBroken)) as caught:
                await client.get("zaken", KEY)
            assert SECRET not in str(caught.value)
            await client.aclose()

    asyncio.run(main())


def test_both_webhook_authorizations_are_accepted_while_one_replaces_the_other(tmp_path: Path) -> None:
    """The file holds the new one first and the old one below it; a stranger's is refused all along."""
    file = tmp_path / "webhook"
    file.write_text(AUTH)

    async def main() -> None:
        settings = zaak_settings(webhook_authorization=None, webhook_authorization_bestand=str(file))
        async with draaiende_hub(tmp_path / "hub", {"emmen": settings}) as running:
            test = {"kanaal": "test"}
            assert (await running.meld(test)).status_code == 204
            file.write_text(f"Bearer nieuw-en-langer\n{AUTH}\n")
            assert (await running.meld(test)).status_code == 204
            assert (await running.meld(test, auth="Bearer nieuw-en-langer")).status_code == 204
            file.write_text("Bearer nieuw-en-langer\n")
            assert (await running.meld(test)).status_code == 401
            assert settings.verwachte_authorization == b"Bearer nieuw-en-langer"

    asyncio.run(main())


# --------------------------------------------------------------------------------------------------------- mutual TLS


class Instantie:
    """A certificate authority of this test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.cert = self._sign("proef-ca", self.key.public_key(), ca=True)
        self.path = folder / "ca.pem"
        self.path.write_bytes(self.cert.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name: str, public: Any, *, ca: bool = False) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = subject if ca else self.cert.subject
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256())

    def give(self, name: str, file: str = "") -> Path:
        """Write a key and a certificate for ``name`` into one PEM file."""
        key = ec.generate_private_key(ec.SECP256R1())
        none = serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none)
        path = self.folder / (file or f"{name}.pem")
        path.write_bytes(pem + self._sign(name, key.public_key()).public_bytes(serialization.Encoding.PEM))
        return path


def test_a_client_certificate_is_shown_and_replaced_without_a_restart(tmp_path: Path, monkeypatch: Any) -> None:
    """The other side refuses who shows none; a new certificate in the file is shown on the next connection."""
    monkeypatch.setattr(toegang, "_LOOK_AGAIN_S", 0.0)
    authority = Instantie(tmp_path)
    ours = authority.give("wissel-oud", "wij.pem")
    names: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": json.dumps(BODY).encode()})

    class Protocol(H11Protocol):
        def connection_made(self, transport: Any) -> None:
            shown = transport.get_extra_info("ssl_object").getpeercert()
            names.append(dict(item[0] for item in shown["subject"])["commonName"])
            super().connection_made(transport)

    async def main() -> None:
        server_pem = str(authority.give("zaaksysteem"))
        config = uvicorn.Config(
            app, port=0, log_level="critical", lifespan="off", http=Protocol, loop="asyncio",
            ssl_certfile=server_pem, ssl_keyfile=server_pem, ssl_ca_certs=str(authority.path), ssl_cert_reqs=ssl.CERT_REQUIRED,
        )  # fmt: skip
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by an attribute only
            await asyncio.sleep(0.01)
        base = f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        client = client_for(base, mtls={"certificaat": str(ours), "ca": str(authority.path)})
        bare = client_for(base)
        assert await client.get("zaken", KEY) == BODY
        with pytest.raises(SourceUnavailable):
            await bare.get("zaken", KEY)
        authority.give("wissel-nieuw", "wij.pem")
        assert await client.get("zaken", KEY) == BODY
        ours.write_text("onleesbaar")
        assert await client.get("zaken", KEY) == BODY
        assert names == ["wissel-oud", "wissel-nieuw", "wissel-nieuw"]
        await client.aclose()
        await bare.aclose()
        server.should_exit = True
        await task

    asyncio.run(main())


def test_a_certificate_that_cannot_be_used_is_an_error_of_the_settings(tmp_path: Path) -> None:
    """Said at the start, with what to look at, and not at the first request."""
    with pytest.raises(ValueError, match="certificaat, sleutel of ca is niet te gebruiken"):
        zaak_settings(mtls={"certificaat": str(tmp_path / "weg.pem")})
