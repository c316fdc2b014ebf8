# SPDX-License-Identifier: EUPL-1.2
"""Files and settings that do not belong together are refused before anything is done, with what to do."""

from __future__ import annotations

import pytest
from hub_voor_tests import gemeente, loaded, plugins

from hub.app import EmbeddedHub
from hub.errors import Refused
from hub.privacy import Pseudonymizer


def test_another_pseudonym_key_is_refused(tmp_path):
    """It may never change: everybody would silently be somebody else."""
    EmbeddedHub(loaded(tmp_path), plugins=plugins()).open().close()
    other = gemeente(pseudonym=Pseudonymizer(b"another key of 32 bytes at least!"))
    with pytest.raises(Refused, match="pseudoniemsleutel"):
        EmbeddedHub(loaded(tmp_path, [other]), plugins=plugins()).open()
    EmbeddedHub(loaded(tmp_path), plugins=plugins()).open().close()


def test_a_gemeente_may_come_later(tmp_path):
    """Adding one is no change to the others."""
    EmbeddedHub(loaded(tmp_path), plugins=plugins()).open().close()
    EmbeddedHub(loaded(tmp_path, [gemeente(), gemeente("zwolle")]), plugins=plugins()).open().close()


def test_a_new_log_beside_used_keys_is_refused(tmp_path):
    """A lost wissel.db (a disk that is not mounted) does not become an empty one."""
    hub = EmbeddedHub(loaded(tmp_path), plugins=plugins()).open()
    hub.vault.seal("emmen", "zaak:1", "zaak", "x", {"a": 1})
    hub.close()
    for file in tmp_path.glob("wissel.db*"):
        file.unlink()
    with pytest.raises(Refused, match=r"wissel\.db"):
        EmbeddedHub(loaded(tmp_path), plugins=plugins()).open()
    assert not (tmp_path / "wissel.db").exists()
