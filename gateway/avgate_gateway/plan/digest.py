"""The digest that names a plan: whoever approves it approves exactly these items."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from avgate_contracts.record import Json


def item_digest(content: Sequence[Json]) -> bytes:
    return hashlib.sha256(json.dumps(list(content)).encode()).digest()


def plan_digest(header: Sequence[str], items: list[bytes]) -> str:
    """One digest for a set of items, whatever the order they came in.

    The items' digests are sorted and hashed. Adding or XOR-ing them would need no sorting, but
    whoever can add items can then steer the sum to the one that was approved.
    """
    whole = hashlib.sha256(item_digest(header))
    for digest in sorted(items):
        whole.update(digest)
    return whole.hexdigest()
