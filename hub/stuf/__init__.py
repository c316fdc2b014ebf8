# SPDX-License-Identifier: EUPL-1.2
"""What every StUF 3.01 message has in common, whatever it is about: the envelope, who sent it, and the answer to it."""
