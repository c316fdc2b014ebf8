# SPDX-License-Identifier: EUPL-1.2
"""An application on a hub in memory, and what tests of it need: tokens, logging in, reading forms."""

from __future__ import annotations

import re
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient
from nephub import NepHub
from scenes import ALL, PEOPLE

from hub.api.app import create_app
from hub.api.auth import new_token
from hub.api.login import DemoLogin
from hub.api.settings import SCOPES, ApiSettings

ORIGIN = "http://127.0.0.1:8080"
HTML = {"accept": "text/html"}
TOKENS = {name: new_token() for name in ("alles", "zwolle", *SCOPES)}


def settings(**more: Any) -> ApiSettings:
    """Tokens: one with all scopes per gemeente, and one for each scope alone."""
    tokens = [
        {"naam": name, "sha256": digest, "gemeente": "zwolle" if name == "zwolle" else "emmen",
         "scopes": list(SCOPES) if name in {"alles", "zwolle"} else [name]}
        for name, (_, digest) in TOKENS.items()
    ]  # fmt: skip
    return ApiSettings(**{"tokens": tokens, **more})


def app(hub: NepHub | None = None, *, login: Any = ..., more_routes: tuple[Any, ...] = (), **more: Any) -> Litestar:
    hub = hub or NepHub(ALL)
    routes = [route for projection in hub.projections for route in projection.routes(hub)]
    chosen = DemoLogin() if login is ... else login
    return create_app(hub, routes=[*routes, *more_routes], settings=settings(**more), login=chosen)


def client(*args: Any, **more: Any) -> TestClient[Litestar]:
    return TestClient(app(*args, **more), base_url=ORIGIN)


def bearer(name: str = "alles") -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[name][0]}"}


def field(html: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', html)
    assert found, name
    return found[1]


def as_resident(web: TestClient[Litestar], number: int, gemeente: str = "emmen") -> None:
    csrf = field(web.get("/inloggen/inwoner").text, "csrf")
    answer = web.post(
        "/inloggen/inwoner", data={"csrf": csrf, "bsn": PEOPLE[number], "gemeente": gemeente}, follow_redirects=False
    )
    assert answer.status_code == 303, answer.text


def as_staff(web: TestClient[Litestar], who: str = "behandelaar-sam", gemeente: str = "emmen") -> None:
    csrf = field(web.get("/inloggen/medewerker").text, "csrf")
    data = {"csrf": csrf, "medewerker": who, "gemeente": gemeente}
    answer = web.post("/inloggen/medewerker", data=data, follow_redirects=False)
    assert answer.status_code == 303, answer.text
