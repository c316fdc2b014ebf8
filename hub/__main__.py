# SPDX-License-Identifier: EUPL-1.2
"""``python -m hub`` is ``wissel``."""

from hub.cli import main

if __name__ == "__main__":
    main()
