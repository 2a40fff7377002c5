"""What a client may be called."""

from __future__ import annotations

import re

LONGEST_NAME = 200  # what the columns hold that such a name is written to
_CLIENT = re.compile(r"[ -~]*[!-~][ -~]*")  # RFC 6749 appendix A.1: no letter looks like another


def may_be_client(name: str) -> bool:
    """Whether a client may have this name: printable ASCII, so that no two look the same."""
    return len(name) <= LONGEST_NAME and _CLIENT.fullmatch(name) is not None
