# SPDX-License-Identifier: EUPL-1.2
"""What a hub does about builds when it starts: check those it will follow, and remove what a killed process left behind."""

from __future__ import annotations

import re
from pathlib import Path

from hub.builds import KLAAR, Builds
from hub.store import opening
from hub.store.base import Database


def check_and_sweep(folder: Path, builds: Builds, wissel: Database, log_id: str) -> None:
    """Refuse builds that do not belong to this log (R6); remove the files of builds that are dropped or unknown."""
    known = builds.all()[0]
    for number in sorted({build.nummer for build in known if build.toestand == KLAAR and build.nummer}):
        database = builds.take(number)
        if database is not None:
            try:
                opening.check_members(wissel, database, log_id)
            finally:
                builds.release(number)
    keep = {build.nummer for build in known}
    for path in folder.glob("leesmodellen-*.db"):
        found = re.fullmatch(r"leesmodellen-(\d+)\.db", path.name)
        if found and int(found[1]) not in keep:
            opening.remove_file(path)
