# SPDX-License-Identifier: EUPL-1.2
"""What this projection adds to the application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.plugins import Hub
from projections.zaakverloop.api import zaak_lezen
from projections.zaakverloop.pages import mijn_zaak, mijn_zaken


def routes(_hub: Hub) -> Sequence[Any]:
    """Return the handlers: the zaak for programs, and the pages of a resident."""
    return [zaak_lezen, mijn_zaken, mijn_zaak]
