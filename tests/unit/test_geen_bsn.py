# SPDX-License-Identifier: EUPL-1.2
"""The watch over the whole session: a number that is written anywhere fails it, and is not repeated in saying so."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from geen_bsn import holds_number

from hub.privacy import elfproef

NUMBER = next(str(n) for n in range(999990000, 999999999) if elfproef(str(n)))
NUMMER = "NUMMER = next(str(n) for n in range(999990000, 999999999) if elfproef(str(n)))"
SERVER = """
def antwoord(tekst, status=500, soort="application/problem+json"):
    def handler(request):
        return httpx.Response(status, text=tekst, headers={"content-type": soort})
    return httpx.Client(transport=httpx.MockTransport(handler), base_url="http://wissel.example")
"""


@pytest.fixture
def session(tmp_path):
    """Run pytest with only the watch over one test; what it wrote is gone afterwards, or the outer watch would see it."""

    def run(body: str) -> subprocess.CompletedProcess[str]:
        imports = "import logging, sqlite3, httpx\nfrom hub.privacy import elfproef\n"
        (tmp_path / "test_binnen.py").write_text(f"{imports}{NUMMER}\n{SERVER}\ndef test_iets(tmp_path):\n    {body}\n")
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        repo = Path(__file__).resolve().parents[2]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "geen_bsn", "-p", "no:cacheprovider"]
        command += ["--basetemp", str(tmp_path / "binnen"), "test_binnen.py"]
        environ = {"PYTHONPATH": f"{repo}:{repo / 'tests'}", "PATH": "/usr/bin:/bin"}
        return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    yield run
    shutil.rmtree(tmp_path / "binnen", ignore_errors=True)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ('(tmp_path / "hub.log").write_text(f"naam=Jansen;bsn={NUMMER};")', "hub.log"),
        (
            """db = sqlite3.connect(tmp_path / "wissel.db"); db.execute("CREATE TABLE t (a TEXT, b TEXT)")
    db.execute("INSERT INTO t VALUES (?, ?)", (NUMMER, "emmen")); db.commit(); db.close()""",
            "wissel.db",
        ),
        ("print(NUMMER)", "captured stdout call"),
        ('logging.getLogger("x").warning("persoon %s", NUMMER)', "captured log call"),
        ('antwoord("goed", 200).get(f"/personen/{NUMMER}")', "address of a GET request"),
        ('antwoord(f"geen persoon {NUMMER}").get("/")', "answer 500"),
        ("antwoord(f'wissel_x{{p=\"{NUMMER}\"}} 1', 200, 'text/plain; version=0.0.4').get('/metrics')", "answer 200"),
    ],
    ids=["file", "database", "output", "log", "address", "problem", "metrics"],
)
def test_a_number_that_is_written_fails_the_session_and_is_not_shown(session, body, place):
    """The tests themselves pass, the session does not, and the place is named without the number."""
    done = session(body)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert place in done.stdout
    assert NUMBER not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "body",
    [
        '(tmp_path / "hub.log").write_text("bsn=***; 999999999; 123456789")',
        'antwoord("goed", 200).get(f"/brp/volgindicaties/{NUMMER}")',
        "antwoord(NUMMER, 200, 'application/json').get('/')",
    ],
    ids=["nobody", "volgindicatie", "body"],
)
def test_what_is_allowed_passes(session, body):
    """No number, the path of a volgindicatie, and the body of an answer that is about somebody."""
    done = session(body)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nine_digits_within_a_digest_or_a_uuid_are_chance():
    """Millions of digests are written; one of them holds nine such digits one day. Beside one it is still a number."""
    digest = hashlib.sha256(b"x").hexdigest()
    beside = str(uuid.UUID(int=0xABC << 116))
    assert not holds_number(f"id={digest[:20]}a{NUMBER}b{digest[31:]}".encode())
    assert not holds_number(f"{beside[:24]}ab{NUMBER}c;".encode())
    assert holds_number(f"{NUMBER}{beside}".encode())
    assert holds_number(f"{NUMBER}emmen".encode())
    assert holds_number(f"abc{NUMBER}".encode())
