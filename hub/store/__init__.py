# SPDX-License-Identifier: EUPL-1.2
"""The databases: files, transactions, the one way in."""
