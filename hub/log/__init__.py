# SPDX-License-Identifier: EUPL-1.2
"""The event log: one port, more than one engine."""
