# SPDX-License-Identifier: EUPL-1.2
"""Standard flows as pure decisions, and the runner that asks them."""
