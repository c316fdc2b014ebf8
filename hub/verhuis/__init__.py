# SPDX-License-Identifier: EUPL-1.2
"""Moving house: the log with all its bookkeeping to another engine, and back, so that no effect is sent again (R15)."""
