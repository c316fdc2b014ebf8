# SPDX-License-Identifier: EUPL-1.2
"""The engine: log, store, runner, flows. Knows no connector and no read model by name."""
