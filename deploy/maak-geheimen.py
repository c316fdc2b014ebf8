# SPDX-License-Identifier: EUPL-1.2
"""Make the secrets of one installation in a folder, each once, readable by the user that Wissel runs as."""

import os
import secrets
import sys
from pathlib import Path

OWNER = 10001
NAMES = ("hoofdsleutel", "pseudoniem-emmen", "webhook", "zaaksysteem", "brp", "postgres")


def main(folder: Path) -> None:
    """Write what is not there yet. What is there is never changed: without these keys nothing can be read any more."""
    for name in NAMES:
        write_once(folder / name, secrets.token_hex(32))
    password = (folder / "postgres").read_text(encoding="ascii")
    write_once(folder / "database", f"postgresql://wissel:{password}@postgres:5432/wissel")
    for path in (folder, *folder.iterdir()):
        os.chown(path, OWNER, OWNER)


def write_once(path: Path, text: str) -> None:
    """Make a file that its owner may read, unless it is there."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o440), "w", encoding="ascii") as file:
            file.write(text)


main(Path(sys.argv[1]))
