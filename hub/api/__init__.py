# SPDX-License-Identifier: EUPL-1.2
"""The HTTP side: what pages and operations of every plugin share."""
