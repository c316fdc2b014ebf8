# SPDX-License-Identifier: EUPL-1.2
"""R14: one hub on a folder; commands reach it over its socket; a hub that was killed leaves nothing to clean up."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from chaos.kind import start
from hub_voor_tests import Klok, VolgFlow, feit, loaded, plugins, zet

from hub import admin
from hub.app import EmbeddedHub
from hub.errors import Refused


class Kind:
    """A hub in another process."""

    def __init__(self, folder):
        self.process = start(folder, "http://127.0.0.1:9")

    def line(self):
        while not (line := self.process.stdout.readline()).startswith(("ready", "stored")):
            assert line, "the hub in the other process ended"
        return line.split()

    def put(self, key, number):
        self.process.stdin.write(f"put {key} {number}\n")
        self.process.stdin.flush()
        return self.line()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def stop(self):
        self.process.communicate()
        return self.process.returncode


@pytest.fixture
def kind(tmp_path):
    made = Kind(tmp_path)
    assert made.line() == ["ready"]
    yield made
    if made.process.poll() is None:
        made.kill()


def config(folder):
    return loaded(folder, partities=2)


def opened(folder):
    made = plugins(flows={"volg": VolgFlow()}, connectors={})
    return EmbeddedHub(config(folder), clock=Klok(), plugins=made).open()


def test_a_second_hub_is_refused_and_the_first_is_named(kind, tmp_path):
    """In another process: it says which process holds the folder, and changes nothing."""
    with pytest.raises(Refused, match=rf"a hub already runs on .* \(process {kind.process.pid}\)"):
        opened(tmp_path)
    assert kind.put("a", 1) == ["stored", "a", "1"]


def test_a_second_hub_in_the_same_process_is_refused(tmp_path):
    """The lock is on the folder, not on the process."""
    hub = opened(tmp_path)
    with pytest.raises(Refused, match="a hub already runs"):
        opened(tmp_path)
    hub.close()
    opened(tmp_path).close()


def test_a_killed_hub_leaves_nothing_to_clean_up(kind, tmp_path):
    """Lock, socket and write-ahead logs stay behind; the next hub simply starts, and has what was stored."""
    for number in range(5):
        kind.put("a", number)
    kind.kill()
    assert admin.socket_path(tmp_path).exists()
    hub = opened(tmp_path)
    hub.projector.catch_up()
    assert hub.read_model("teller").get("emmen", "a")["gezien"][:1] == [1]
    assert hub.read_now(lambda tx: tx.one("SELECT count(*) FROM x_boek")) == (5,)
    hub.close()


def test_a_stopped_hub_lets_go(kind, tmp_path):
    """After a clean stop the folder is free and the files are whole without their logs."""
    kind.put("a", 1)
    assert kind.stop() == 0
    assert list(tmp_path.glob("*.db-wal")) == []
    opened(tmp_path).close()


def test_commands_reach_the_running_hub(kind, tmp_path):
    """Asked from this process, done by that one: the files are open there only."""
    kind.put("a", 1)
    assert asyncio.run(admin.call(config(tmp_path), "parked list", {})) == []
    with pytest.raises(Refused, match="er staat niets geparkeerd"):
        asyncio.run(admin.call(config(tmp_path), "parked retry", {"nummer": "x/1", "reden": "r", "door": "d"}))


def test_without_a_running_hub_a_command_opens_the_files_itself(kind, tmp_path, monkeypatch):
    """Also right after a hub was killed, with its socket still lying there."""
    kind.put("a", 1)
    kind.kill()
    monkeypatch.setattr("hub.core.installed", plugins)
    assert asyncio.run(admin.call(config(tmp_path), "parked list", {})) == []
    opened(tmp_path).close()


def test_the_socket_is_for_the_hubs_own_user(kind, tmp_path):
    """Nobody else on the machine gives commands."""
    assert admin.socket_path(tmp_path).stat().st_mode & 0o077 == 0


def test_a_socket_of_somebody_else_is_not_talked_to(tmp_path, monkeypatch):
    """A command may carry a BSN: it goes to the owner of the hub's folder or to nobody."""
    path = admin.socket_path(tmp_path)
    path.touch()
    stat = os.stat
    other = stat(path).st_uid + 1

    class Theirs:
        st_uid = other

    monkeypatch.setattr(Path, "stat", lambda self, **_: Theirs if self == path else stat(self))
    with pytest.raises(Refused, match="is niet van wie"):
        asyncio.run(admin.call(config(tmp_path), "parked list", {}))


def test_a_path_too_long_for_the_kernel_gets_a_short_socket(tmp_path):
    """The kernel allows a bit more than a hundred bytes; a deep folder works all the same."""
    deep = tmp_path / ("diep" * 20) / ("dieper" * 10)
    deep.mkdir(parents=True)
    assert len(str(admin.socket_path(deep))) < 108
    assert admin.socket_path(deep) != admin.socket_path(deep.parent)


@pytest.mark.parametrize("line", [b"geen json\n", b'{"action": "onzin", "args": {}}\n', b"[1]\n", b"\n"])
def test_a_line_the_hub_does_not_understand_gets_an_answer(tmp_path, line):
    """And the next one is served as well."""
    hub = opened(tmp_path)

    async def ask():
        server = await admin.listen(hub)
        answers = []
        for request in (line, b'{"action": "parked list", "args": {}}\n'):
            reader, writer = await asyncio.open_unix_connection(admin.socket_path(tmp_path))
            writer.write(request)
            answers.append(await asyncio.wait_for(reader.readline(), 5))
            writer.close()
        server.close()
        return answers

    refused, served = asyncio.run(ask())
    assert b'"kind": "Invalid"' in refused
    assert served == b'{"result": []}\n'
    hub.close()


def test_a_command_that_fails_unexpectedly_gets_an_answer(tmp_path, monkeypatch):
    """Whoever asked hears it at once, without the values in it, and the hub goes on."""
    hub = opened(tmp_path)

    async def broken(_hub, _args):
        raise RuntimeError("999990019")

    monkeypatch.setitem(admin.ACTIONS, "parked list", broken)

    async def ask():
        server = await admin.listen(hub)
        try:
            await admin.call(config(tmp_path), "parked list", {})
        finally:
            server.close()

    with pytest.raises(Refused, match="het commando is mislukt") as caught:
        asyncio.run(ask())
    assert "999990019" not in str(caught.value)
    hub.close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    """With the setting to change."""
    (tmp_path / "bestand").write_text("x")
    with pytest.raises(Refused, match=r"set \[opslag\] map"):
        opened(tmp_path / "bestand" / "map")


def test_reading_goes_on_while_a_batch_is_written(tmp_path):
    """Readers have a view of their own: a page never waits for the writer."""
    hub = opened(tmp_path)
    zet(hub, feit("a", 1))
    hub.projector.catch_up()
    slow = hub.members.write(lambda _db: time.sleep(0.5))
    begun = time.monotonic()
    assert hub.read_model("teller").get("emmen", "a")["aantal"] == 1
    assert time.monotonic() - begun < 0.3
    slow.result()
    hub.close()


@pytest.mark.parametrize("command", ["web", "worker"])
def test_a_process_that_shares_its_work_is_refused_on_files(command, tmp_path):
    """Files belong to one process; the refusal says what to set, or what to start instead."""
    config = tmp_path / "wissel.toml"
    config.write_text(
        f'[opslag]\nmap = "{tmp_path}/data"\n[sleutels]\nhoofdsleutel = "{"0" * 64}"\n[api]\nport = 0\n[werker]\nport = 0\n'
        f'[gemeenten.emmen]\nnaam = "Emmen"\ngemeentecode = "0114"\noin = "{"0" * 20}"\npseudoniemsleutel = "{"1" * 64}"\n'
        '[gemeenten.emmen.profiel.verhuizing]\nversie = "1"\nauteur = "A"\ntweede_persoon = "B"\ngeldig_vanaf = 2025-01-01\n',
        encoding="utf-8",
    )
    arguments = [sys.executable, "-m", "hub", command, "--config", str(config)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "[log] adres en [opslag] database" in done.stderr
    assert "wissel serve" in done.stderr
    assert not (tmp_path / "data").exists()
