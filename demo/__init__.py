# SPDX-License-Identifier: EUPL-1.2
"""The whole main job on one machine: simulators and hub as processes of their own, spoken to over HTTP only."""
