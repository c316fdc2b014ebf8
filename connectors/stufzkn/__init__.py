# SPDX-License-Identifier: EUPL-1.2
"""The connector to a zaaksysteem that speaks StUF-ZKN 3.10: it takes case messages (zakLk01) in, and writes nothing back."""

from connectors.stufzkn.connector import CONNECTOR

__all__ = ("CONNECTOR",)
