"""One call, and what is known of its tries so far."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from avgate_contracts.http.header import Header
from avgate_contracts.http.library import URL, Upload

READS = frozenset({"GET", "HEAD", "OPTIONS"})
REPEATABLE = READS | {"PUT", "DELETE"}  # RFC 9110 section 9.2.2


@dataclass(slots=True)
class Call:
    """Made once per call; `attempt`, `lost` and `under_way` change from try to try.

    `label` is what a log may show: the path template, never the path. `write`: it changes
    something. `placeless`: it is made for those who hold the places, so it takes none. `lost`: a try
    was sent and its answer lost. `under_way`: a try is on the wire now.
    """

    method: str
    label: str
    url: URL = field(repr=False)
    headers: tuple[Header, ...] = field(repr=False)
    content: bytes | Upload = field(repr=False)
    accept: Collection[int]
    repeatable: bool
    write: bool
    placeless: bool = False
    attempt: int = 0
    lost: bool = False
    under_way: bool = False

    def wants(self, status: int) -> bool:
        """Whether an answer with this status is the caller's to read."""
        return 200 <= status < 300 or status in self.accept
