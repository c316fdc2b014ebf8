# SPDX-License-Identifier: EUPL-1.2
"""The whole story of a replay: a bug made rows wrong, and they are put right beside live traffic without anybody noticing."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import httpx
import psycopg
import pytest
from acceptance import replay_verkeer as verkeer
from nephub import ANNE

from hub.api.auth import new_token
from hub.privacy import Bsn
from hub.settings import load

REPO = __file__.rsplit("/tests/", 1)[0]
WHY = ("--reden", "status was kwijt", "--door", "beheer")
STALE_S = 5.0


class Verhaal:
    """The hub in its own process, the commands in theirs, and somebody who keeps looking at pages."""

    def __init__(self, folder, database=None):
        self.folder, self.data, self.database, self.process, self.versie = folder, folder / "data", database, None, None
        verkeer.installeer(folder / "site")
        self.token, digest = new_token()
        self.config = folder / "wissel.toml"
        self.config.write_text(verkeer.settings_toml(folder, digest, database), encoding="utf-8")
        if database:
            migrating = self.popen("migreer", "--fase", "pre", stdout=subprocess.DEVNULL)
            assert migrating.wait(60) == 0
        self.prefilled = verkeer.vul(load(self.config), verkeer.pseudoniem(Bsn(ANNE)))
        self.errors, self.answers, self.late_s = [], 0, 0.0
        self._stop = threading.Event()

    def environment(self, *, bug=False):
        path = os.pathsep.join([str(self.folder / "site"), REPO, f"{REPO}/tests"])
        return {
            **os.environ,
            "PYTHONPATH": path,
            "NO_COLOR": "1",
            **({verkeer.BUG: "ja"} if bug else {}),
            **({verkeer.VERSIE: str(self.versie)} if self.versie else {}),
        }

    def popen(self, *words, bug=False, **more):
        command = [sys.executable, "-m", "hub", *words, "--config", str(self.config)]
        return subprocess.Popen(command, env=self.environment(bug=bug), cwd=REPO, text=True, **more)

    def hub(self, *, bug=False):
        self.process = self.popen("--log-level", "ERROR", "serve", "--demo-inlog", bug=bug, stdout=subprocess.PIPE)
        while line := self.process.stdout.readline():
            if found := re.search(r"op poort (\d+)", line):
                self.url = f"http://127.0.0.1:{found[1]}"
                return
        raise AssertionError("the hub did not start")

    def stop_hub(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0
        self.process.stdout.close()

    def replay(self, *words, ends=0):
        done = self.popen("replay", *words, "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = done.communicate(timeout=90)
        assert done.returncode == ends, (words, out, err)
        return json.loads(out) if out else err

    # ---------------------------------------------------------------------------------------------- who looks

    def ask(self, key):
        return httpx.get(f"{self.url}/v1/zaken/{key}", headers={"authorization": f"Bearer {self.token}"}, timeout=10)

    def api(self, key):
        answer = self.ask(key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def until_shown(self):
        """Wait until the hub has shown all that was in the log when it began."""
        until = time.monotonic() + 60
        while (answer := self.ask(verkeer.UUIDS[-1])).status_code != 200 or answer.json()["versheid"]["achter"] > 20:
            assert time.monotonic() < until, answer.text
            time.sleep(0.1)

    def look(self):
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self):
        with httpx.Client(base_url=self.url, timeout=10, headers={"accept": "text/html"}) as web:
            form = web.get("/inloggen/inwoner").text
            csrf = re.search(r'name="csrf" value="([^"]*)"', form)[1]
            data = {"csrf": csrf, "bsn": ANNE, "gemeente": "emmen"}
            assert web.post("/inloggen/inwoner", data=data).status_code == 303
            while not self._stop.is_set():
                for path in ("/mijn", f"/mijn/zaken/{verkeer.UUIDS[0]}", None):
                    self._one(web, path)
                time.sleep(0.02)

    def _one(self, web, path):
        try:
            if path is None:
                fresh = self.api(verkeer.UUIDS[3])["versheid"]
                age = time.time() - _seconds(fresh["tot"]) if fresh["achter"] else 0.0
                self.late_s = max(self.late_s, age)
            else:
                answer = web.get(path)
                assert answer.status_code == 200, (path, answer.status_code)
            self.answers += 1
        except (AssertionError, httpx.HTTPError) as error:
            self.errors.append(repr(error))

    def stop_looking(self):
        self._stop.set()
        self._thread.join()

    # ---------------------------------------------------------------------------------------------- killing halfway

    def kill_halfway(self):
        """Start the replay and kill it with SIGKILL between its first and its last commit."""
        process = self.popen("replay", "start", "zaakverloop", *WHY, "--json", stdout=subprocess.DEVNULL)
        done = 0
        while done < 2_000 and process.poll() is None:
            time.sleep(0.001)
            done = self._done()
        process.send_signal(signal.SIGKILL)
        process.wait()
        return process.returncode, self._done()

    def _done(self):
        return self._done_in_database() if self.database else self._done_in_file()

    def _done_in_database(self):
        with psycopg.connect(self.database, autocommit=True) as pg:
            row = pg.execute("SELECT gedaan FROM leesmodellen.herbouw").fetchone()
        return row[0] if row else 0

    def _done_in_file(self):
        path = self.data / "leesmodellen-1.db"
        if not path.exists():
            return 0
        try:
            db = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
            try:
                row = db.execute("SELECT gedaan FROM herbouw").fetchone()
            finally:
                db.close()
        except sqlite3.Error:  # the file is being made
            return 0
        return row[0] if row else 0


def _seconds(text):
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


@pytest.fixture(params=["bestanden", "postgres"])
def verhaal(request, tmp_path):
    with ExitStack() as opened:
        database = None
        if request.param == "postgres":
            database = opened.enter_context(request.getfixturevalue("postgres").database(empty=True))
        made = Verhaal(tmp_path, database)
        yield made
        made._stop.set()
        if made.process and made.process.poll() is None:
            made.process.kill()
            made.process.wait()


@pytest.mark.timeout(240)
def test_wrong_rows_are_put_right_beside_live_traffic(verhaal):
    """Plan, start, kill -9 halfway, resume, diff, switch, back, and again; whoever looks at pages meanwhile sees no error."""
    verhaal.hub(bug=True)
    verhaal.until_shown()
    verhaal.stop_hub()

    verhaal.hub()
    verhaal.look()
    plan = verhaal.replay("plan", "zaakverloop")
    assert plan["gebeurtenissen"] >= verhaal.prefilled
    assert plan["rijen"] == {"zaakverloop": verkeer.ZAKEN_COUNT}

    code, done = verhaal.kill_halfway()
    assert (code, 0 < done < verhaal.prefilled) == (-signal.SIGKILL, True), (code, done)
    (shadow,) = [line for line in verhaal.replay("status") if line["wat"] == "schaduw"]
    assert (shadow["lid"], shadow["toestand"], shadow["bezig"]) == ("zaakverloop:1.1", "bouwt", False)
    assert verhaal.replay("start", "zaakverloop", *WHY)["nummer"] == 1

    (found,) = verhaal.replay("diff", "zaakverloop", ends=1)
    assert (found["anders"], found["alleen_live"], found["alleen_schaduw"]) == (len(verkeer.WRONG), 0, 0)
    assert found["gelijk"] == verkeer.ZAKEN_COUNT - len(verkeer.WRONG)
    assert found["kolommen"] == {"statussen": len(verkeer.WRONG)}
    assert {example["sleutel"] for example in found["voorbeelden"]} <= set(verkeer.WRONG)

    lost = verkeer.STIL
    assert verhaal.api(lost)["status"] is None
    assert verhaal.replay("switch", "zaakverloop", *WHY) == {"bouwen": ["zaakverloop:1.1"]}
    assert verhaal.api(lost)["status"] is not None
    assert verhaal.replay("rollback", "zaakverloop", *WHY) == {"bouwen": ["zaakverloop:1"]}
    assert verhaal.api(lost)["status"] is None
    assert verhaal.replay("switch", "zaakverloop", *WHY) == {"bouwen": ["zaakverloop:1.1"]}

    assert verhaal.api(lost)["status"] is not None

    verhaal.replay("drop", "zaakverloop:1", *WHY)
    lines = verhaal.replay("status")
    assert [line["lid"] for line in lines if line["projectie"] == "zaakverloop"] == ["zaakverloop:1.1"]
    assert "is wat iedereen nu ziet" in verhaal.replay("drop", "zaakverloop:1.1", *WHY, ends=1)

    verhaal.stop_looking()
    verhaal.stop_hub()
    assert verhaal.errors == []
    assert verhaal.answers > 100
    assert verhaal.late_s < STALE_S


@pytest.mark.timeout(200)
def test_a_new_version_builds_itself_at_deploy_and_waits_for_the_switch(tmp_path):
    """The hub starts a replay in a process of its own; everybody goes on seeing the old version until somebody decides."""
    verhaal = Verhaal(tmp_path)
    verhaal.hub()
    verhaal.until_shown()
    verhaal.stop_hub()
    verhaal.versie = 2
    verhaal.hub()
    until = time.monotonic() + 90
    now = []
    while ("schaduw", "klaar") not in {(line["wat"], line["toestand"]) for line in now}:
        assert time.monotonic() < until, now
        now = verhaal.replay("status")
    (old,) = [line for line in now if line["wat"] == "live" and line["projectie"] == "zaakverloop"]
    assert old["lid"] == "zaakverloop:1"
    assert verhaal.replay("switch", "zaakverloop", *WHY) == {"bouwen": ["zaakverloop:2.1"]}
    assert verhaal.api(verkeer.UUIDS[0])["volgnummer"] > 1
    verhaal.stop_hub()
