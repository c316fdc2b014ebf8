# SPDX-License-Identifier: EUPL-1.2
"""One package per question a person asks; they never import each other."""
