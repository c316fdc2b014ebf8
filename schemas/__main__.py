# SPDX-License-Identifier: EUPL-1.2
"""``python -m schemas register | asyncapi``: what a maintainer runs after adding a schema."""

from __future__ import annotations

import sys

from schemas import FOLDER, SchemaError, read, register
from schemas.asyncapi import write


def main(arguments: list[str]) -> int:
    """Run one of the two tasks; 1 with a message when schemas do not agree, 2 when asked for something else."""
    try:
        if arguments == ["register"]:
            sys.stdout.write("".join(f"{name}\n" for name in register()))
        elif arguments == ["asyncapi"]:
            sys.stdout.write(f"{write(read(FOLDER))}\n")
        else:
            sys.stderr.write("usage: python -m schemas register | asyncapi\n")
            return 2
    except SchemaError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
