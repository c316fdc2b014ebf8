# SPDX-License-Identifier: EUPL-1.2
"""One package per outside system, each with the same rooms. They never import each other."""
