# SPDX-License-Identifier: EUPL-1.2
"""Fills a shadow of all projections in a process of its own, as ``wissel replay start`` does: ``FOLDER NUMBER``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import closing
from pathlib import Path

from hub_voor_tests import loaded

from hub import admin
from hub.discovery import Plugins, projections
from hub.replay.bouwer import Bouwer
from hub.replay.lezen import Lezer


def main(folder: Path, number: int) -> None:
    os.nice(10)
    settings = loaded(folder, partities=4)
    with Lezer(settings, Plugins({}, {}, projections())) as lezer, closing(lezer.fill(number)) as database:
        begin = time.perf_counter()
        bouwer = Bouwer(
            lezer,
            number=number,
            projections=lezer.chosen(()),
            database=database,
            claimed=False,
            beside_hub=lambda: asyncio.run(admin.runs(settings)),
        )
        bouwer.run()
        done = {"events": bouwer.voortgang.gedaan, "seconds": time.perf_counter() - begin}
    status = Path("/proc/self/status").read_text(encoding="utf-8")  # ru_maxrss counts the process that started this one too
    rss_mb = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    sys.stdout.write(json.dumps({**done, "pause_s": bouwer.voortgang.pauze_us / 1e6, "rss_mb": rss_mb}) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
