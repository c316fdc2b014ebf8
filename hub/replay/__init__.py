# SPDX-License-Identifier: EUPL-1.2
"""Building read models again beside live traffic: plan, start, diff, switch, back, and one stream alone."""
