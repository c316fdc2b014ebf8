# SPDX-License-Identifier: EUPL-1.2
"""The connector to a zaaksysteem that speaks the ZGW APIs (Zaken 1.5.1 to 1.7.0, Catalogi 1.3, Notificaties 1.0)."""

from __future__ import annotations

from connectors.zaak.connector import CONNECTOR

__all__ = ("CONNECTOR",)
