# SPDX-License-Identifier: EUPL-1.2
"""Gateways as they are met in the field: header sets, tokens, certificates, and one recorded exchange replayed."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
import yaml
from burgerzaken_wereld import DATUM, Wereld
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from http_in_draad import serve
from hub_voor_tests import Klok

from connectors.burgerzaken.bronnen import Bronnen
from connectors.burgerzaken.gateway import Gateway
from connectors.burgerzaken.http import Bron, Verzoek
from connectors.burgerzaken.settings import BurgerzakenSettings
from hub.errors import SourceUnavailable
from hub.privacy import Bsn

URLS = dict.fromkeys(("brp_url", "bewoning_url", "bag_url", "verwerking_url", "update_url"), "https://bron.example/api")
VRAAG = Verzoek(method="GET", path="/x")


class Recorder:
    """Answers by what ``answer`` says, and keeps every request."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.seen = answer, []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        return self.answer(request)


def ask(
    gateway: dict[str, Any], answer: Any = lambda _: httpx.Response(200, json={}), times: int = 1, clock: Any = None
) -> Any:
    """Ask ``times`` times through one gateway; return the answers or faults, and the requests."""
    recorder = Recorder(answer)
    settings = BurgerzakenSettings.model_validate({**URLS, "gateway": gateway, "eerste_pauze_s": 0.0})

    async def run() -> list[Any]:
        bron = Bron(
            "brp", URLS["brp_url"], settings, transport=httpx.MockTransport(recorder), monotonic_s=clock or (lambda: 0.0)
        )
        found = []
        for _ in range(times):
            try:
                found.append(await bron.lees(VRAAG))
            except SourceUnavailable as fault:
                found.append(fault)
        await bron.aclose()
        return found

    return asyncio.run(run()), recorder.seen


# ------------------------------------------------------------------------------------------------------------ header sets

GEVRAAGD = {"doelbinding": "BRP-Verhuizing", "verwerking": "Burgerzaken@Verhuizing", "origin_oin": "00000003273229750000"}


@pytest.mark.parametrize(
    ("soort", "sleutel", "expected"),
    [
        (
            "iconnect",
            "s3cr3t",
            {
                "x-doelbinding": "BRP-Verhuizing",
                "x-verwerking": "Burgerzaken@Verhuizing",
                "x-gebruiker": "Systeem",
                "x-origin-oin": "00000003273229750000",
                "x-api-key": "s3cr3t",
            },
        ),
        (
            "2secure",
            "s3cr3t",
            {
                "x-request-afnemerscode": "BRP-Verhuizing",
                "x-request-user": "wissel",
                "x-request-organization": "00000003273229750000",
                "x-request-application": "s3cr3t",
            },
        ),
        ("rvig", "s3cr3t", {"x-api-key": "s3cr3t"}),
        ("rvig", None, {}),
    ],
)
def test_each_known_gateway_gets_its_own_headers_and_no_others(soort, sleutel, expected):
    """One word in the settings instead of six names; RvIG itself knows who asks by certificate and token."""
    _, (request,) = ask({"soort": soort, **({"sleutel": sleutel} if sleutel else {}), **GEVRAAGD})
    own = {name: value for name, value in request.headers.items() if name.startswith("x-")}
    assert own == expected


def test_a_name_that_is_written_wins_from_the_known_gateway():
    """Older iConnect gateways call the key ``apikey``; some want to know the application too."""
    given = {"soort": "iconnect", "kop_sleutel": "apikey", "sleutel": "s", "gebruiker": "SAP001"}
    _, (request,) = ask({**given, "vaste_koppen": {"X-Toepassing": "Wissel"}})
    assert (request.headers["apikey"], request.headers["x-gebruiker"]) == ("s", "SAP001")
    assert request.headers["x-toepassing"] == "Wissel"


def test_a_key_in_a_file_is_replaced_without_a_restart(tmp_path):
    """The next request carries the new key; a file that is away for a moment takes nothing away."""
    path = tmp_path / "sleutel"
    path.write_text("oud\n", encoding="utf-8")
    gateway = Gateway.model_validate({"soort": "iconnect", "sleutel_bestand": path})
    assert gateway.headers()["x-api-key"] == "oud"
    path.write_text("nieuwe\n", encoding="utf-8")
    assert gateway.headers()["x-api-key"] == "nieuwe"
    path.unlink()
    assert gateway.headers()["x-api-key"] == "nieuwe"
    path.write_text("\n", encoding="utf-8")
    assert gateway.headers()["x-api-key"] == "nieuwe"


# ---------------------------------------------------------------------------------------------------------------- tokens

OAUTH = {"token_url": "https://token.example/oauth/token", "client_id": "wissel", "client_geheim": "g", "scope": "brp"}


def tokens(lasts_s: float = 300) -> Any:
    """A token service that numbers its tokens, and a source that accepts the last one."""
    given: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "token.example":
            given.append(f"t{len(given) + 1}")
            return httpx.Response(200, json={"access_token": given[-1], "expires_in": lasts_s})
        good = request.headers.get("authorization") == f"Bearer {given[-1]}" if given else False
        return httpx.Response(200 if good else 401, json={})

    answer.given = given
    return answer


def test_a_token_is_fetched_once_and_used_until_it_ends():
    """Client credentials in a form; not a token per request."""
    answer, now = tokens(), [0.0]
    _, seen = ask({"oauth": OAUTH}, answer, times=3, clock=lambda: now[0])
    fetched = [r for r in seen if r.url.host == "token.example"]
    assert len(fetched) == 1
    form = dict(httpx.QueryParams(fetched[0].content.decode()))
    assert form == {"grant_type": "client_credentials", "client_id": "wissel", "client_secret": "g", "scope": "brp"}
    assert {r.headers["authorization"] for r in seen if r.url.host == "bron.example"} == {"Bearer t1"}


def test_a_token_is_renewed_before_it_ends():
    """A request that is under way when the token ends would be refused."""
    answer, now = tokens(300), [0.0]

    def later(request: httpx.Request) -> httpx.Response:
        now[0] += 95.0 if request.url.host == "bron.example" else 0.0
        return answer(request)

    found, _ = ask({"oauth": OAUTH}, later, times=4, clock=lambda: now[0])
    assert [one.status for one in found] == [200] * 4
    assert answer.given == ["t1", "t2"]  # asked at 0, 95, 190 and 285 seconds: the token of 300 is renewed at 285


def test_a_refused_token_is_replaced_once_and_then_told():
    """The service may take a token back; a source that refuses every token is not hammered."""
    answer = tokens()

    def takes_back(request: httpx.Request) -> httpx.Response:
        refused = request.url.host == "bron.example" and request.headers["authorization"] == "Bearer t1"
        return httpx.Response(401, json={}) if refused else answer(request)

    (first,), seen = ask({"oauth": OAUTH}, takes_back)
    assert (first.status, answer.given) == (200, ["t1", "t2"])
    refusing = tokens()

    def refuses(request: httpx.Request) -> httpx.Response:
        return refusing(request) if request.url.host == "token.example" else httpx.Response(401, json={})

    (fault,), seen = ask({"oauth": OAUTH}, refuses)
    assert "refused with 401" in str(fault)
    assert len([r for r in seen if r.url.host == "bron.example"]) == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (httpx.Response(401, json={"error": "invalid_client"}), "answered 401; check client_id"),
        (httpx.Response(503), "answered 503"),
        (httpx.Response(200, html="<p>even geduld</p>"), "holds no access_token"),
        (httpx.Response(200, json={"access_token": 7}), "holds no access_token"),
        (httpx.Response(200, content=b"[" * 100_000), "holds no access_token"),
    ],
)
def test_no_token_is_a_source_that_is_away_and_the_secret_stays_secret(given, says):
    """What the token service answers is told; never the secret, never a token."""
    (fault,), seen = ask({"oauth": OAUTH}, lambda _: given)
    assert says in str(fault)
    assert "client_secret" not in str(fault)
    assert [r for r in seen if r.url.host == "bron.example"] == []


# ----------------------------------------------------------------------------------------------------------- certificates


def make_certificate(folder: Any, name: str, issuer: Any = None) -> tuple[Any, Any, Any]:
    """Write a certificate and its key; return paths and what signs with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signing_key = issuer or (subject, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    certificate = builder.sign(signing_key, hashes.SHA256())
    pem, secret = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return pem, secret, (subject, key)


class Server:
    """An HTTPS server that asks for a certificate and remembers whose it was shown."""

    def __init__(self, folder: Any) -> None:
        self.ca, _, self.issuer = make_certificate(folder, "ca")
        pem, secret, _ = make_certificate(folder, "localhost", self.issuer)
        shown = self.shown = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                subject = dict(pair[0] for pair in self.connection.getpeercert()["subject"])
                shown.append(subject["commonName"])
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_given: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, secret)
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.ca)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_a_client_certificate_is_shown_and_replaced_without_a_restart(tmp_path):
    """PKIoverheid certificates end every few years, in the middle of a working day."""
    server = Server(tmp_path)
    one, one_key, _ = make_certificate(tmp_path, "een", server.issuer)
    two, two_key, _ = make_certificate(tmp_path, "twee", server.issuer)
    pem, secret = tmp_path / "client.pem", tmp_path / "client.key"

    def install(certificate: Any, key: Any) -> None:
        for source, target in ((certificate, pem), (key, secret)):
            fresh = target.with_suffix(".nieuw")
            fresh.write_bytes(source.read_bytes())
            fresh.replace(target)

    install(one, one_key)
    gateway = {"certificaat": pem, "certificaat_sleutel": secret, "ca_bestand": server.ca}
    settings = BurgerzakenSettings.model_validate({**URLS, "gateway": gateway})

    async def run() -> None:
        bron = Bron("brp", server.url, settings)
        await bron.lees(VRAAG)
        pem.write_bytes(b"-----BEGIN CERTIFICATE-----\n")  # half a copy
        await bron.lees(VRAAG)
        install(two, two_key)
        await bron.lees(VRAAG)
        await bron.aclose()

    try:
        asyncio.run(run())
    finally:
        server.server.shutdown()
        server.server.server_close()
    assert [server.shown[0], server.shown[-1]] == ["een", "twee"]
    assert set(server.shown[:2]) == {"een"}


def test_an_expired_server_certificate_is_refused(tmp_path):
    """Personal data go to nobody who cannot prove to be the gateway."""
    server = Server(tmp_path)
    other, _, _ = make_certificate(tmp_path, "ander")
    settings = BurgerzakenSettings.model_validate({**URLS, "gateway": {"ca_bestand": other}, "pogingen_per_aanroep": 1})

    async def run() -> None:
        bron = Bron("brp", server.url, settings)
        try:
            await bron.lees(VRAAG)
        finally:
            await bron.aclose()

    try:
        with pytest.raises(SourceUnavailable, match="certificate in the settings"):
            asyncio.run(run())
    finally:
        server.server.shutdown()
        server.server.server_close()
    assert server.shown == []


# ---------------------------------------------------------------------------------------------------- a recorded exchange


class Replay:
    """Answers as the recorded gateway did, on its own path, and keeps what it was asked."""

    def __init__(self, exchange: Any) -> None:
        self.path = httpx.URL(exchange["request"]["uri"]).path
        self.body = exchange["response"]["body"]["string"].encode()
        self.seen: list[tuple[str, dict[str, str], Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.seen.append((scope["path"], headers, json.loads(message.get("body") or b"null")))
        found = scope["path"] == self.path
        names = [
            (b"content-type", b"application/json; charset=utf-8"),
            (b"traceparent", b"00-" + b"b" * 32 + b"-" + b"4" * 16 + b"-01"),
        ]
        await send(
            {"type": "http.response.start", "status": 200 if found or scope["method"] == "PUT" else 404, "headers": names}
        )
        await send({"type": "http.response.body", "body": self.body if found else b"{}"})


def test_of_the_recorded_iconnect_exchange_only_what_was_asked_and_what_comes_by_itself_reaches_the_log(cases, tmp_path):
    """The gateway answered with everything its doelbinding allows. Name, birth, partner and address were not asked for."""
    (exchange,) = yaml.safe_load((cases / "brp" / "iconnect-recorded-exchange.yaml").read_text())["interactions"]
    recorded = {name.lower(): values[0] for name, values in exchange["request"]["headers"].items()}
    (number,) = json.loads(exchange["request"]["body"])["burgerservicenummer"]
    replay = Replay(exchange)
    with serve(replay) as url:
        changes = {
            "brp_url": f"{url}/iconnect/apihcbrp/actueel/v2",
            "historie_url": None,
            "update_url": None,
            "gateway": {
                "soort": "iconnect",
                "naam": "iconnect",
                "doelbinding": recorded["x-doelbinding"],
                "verwerking": recorded["x-verwerking"],
                "gebruiker": recorded["x-gebruiker"],
                "origin_oin": recorded["x-origin-oin"],
            },
            "doelen": {
                "melder": {"velden": ["burgerservicenummer", "adressering"]},
                "volgen": {"velden": ["burgerservicenummer"]},
            },
        }
        w = Wereld(url=url, folder=tmp_path, klok=Klok(), simulator=None, changes=changes)
        pseudoniem = w.pseudoniem(number)
        gegevens = {"personen": [{"pseudoniem": pseudoniem, "rol": "verhuizer"}], "peildatum": DATUM.isoformat()}
        w.doe("haal-personen", gegevens, {pseudoniem: {"bsn": number}})
        (fact,) = w.log("nl.wissel.gegevens.personen-opgehaald")
        (read,) = w.log("nl.wissel.brp.geraadpleegd")
        files = b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*"))
        w.close()
    ((path, headers, asked),) = replay.seen
    assert path == "/iconnect/apihcbrp/actueel/v2/personen"
    for name in ("x-doelbinding", "x-verwerking", "x-gebruiker", "x-origin-oin", "content-type"):
        assert headers[name] == recorded[name]
    assert set(asked["fields"]) == set(json.loads(exchange["request"]["body"])["fields"])
    sealed = {name: value for name, value in fact.besloten[pseudoniem].items() if value is not None}
    assert sealed.keys() == {"burgerservicenummer", "adressering", "opschortingBijhouding"}
    assert sealed["opschortingBijhouding"]["reden"]["code"] == "O"
    assert (read.data["doelbinding"], read.data["verwerking"]) == (recorded["x-doelbinding"], recorded["x-verwerking"])
    for never in (number, "Holthuizen", "Wiegman", "6374749384", "2597LD"):
        assert never.encode() not in files


def test_two_records_with_one_number_are_one_person_the_withdrawn_one_not_counted():
    """A person whose persoonslijsten were merged meanwhile is found once, in the list that counts."""
    bsn = "999993653"
    withdrawn = {"burgerservicenummer": bsn, "opschortingBijhouding": {"reden": {"code": "F"}}}
    counts = {"burgerservicenummer": bsn, "gemeenteVanInschrijving": {"code": "0114"}}
    for order in ([withdrawn, counts], [counts, withdrawn], [counts, counts]):
        settings = BurgerzakenSettings.model_validate(URLS)

        async def run(answer: Any = order, settings: Any = settings) -> Any:
            transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"type": "x", "personen": answer}))
            bronnen = Bronnen(settings, transport=transport)
            try:
                return await bronnen.brp.personen([Bsn(bsn)], settings.doel("volgen"))
            finally:
                await bronnen.aclose()

        found = asyncio.run(run())
        assert found[Bsn(bsn)]["gemeenteVanInschrijving"] == {"code": "0114"}
        assert len(found) == 1
