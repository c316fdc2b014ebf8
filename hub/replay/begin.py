# SPDX-License-Identifier: EUPL-1.2
"""What a hub does about builds when it starts: check those it will follow, and remove what a killed process left behind."""

from __future__ import annotations

from hub.builds import KLAAR, Builds
from hub.log.base import Log
from hub.log.engine import check_points
from hub.store.opening import Stores


def check_and_sweep(stores: Stores, builds: Builds, log: Log) -> None:
    """Refuse builds that do not belong to this log (R6); remove what is left of builds that are dropped or unknown."""
    known = builds.all()[0]
    for number in sorted({build.nummer for build in known if build.toestand == KLAAR and build.nummer}):
        database = builds.take(number)
        if database is not None:
            try:
                check_points(log, database)
            finally:
                builds.release(number)
    keep = {build.nummer for build in known}
    for number in stores.build_numbers() - keep:
        stores.remove_build(number)
