"""Who counts as one person, where a plan needs two: whoever has the same name, or holds the same tokens.

A client stands for everybody behind it, so two people who use one client are one here. A person who
uses two clients is told by the token's subject. A client that acts for itself is its own subject
(RFC 9068 section 2.2), so two such clients are two; an issuer must not let a person choose a subject
that is a client's name (section 5), and one who could would be taken for the client, and refused.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

from avgate_gateway.vault import Vault

_SUBJECT = "subject of a token"


@dataclass(frozen=True, slots=True)
class Party:
    """One side: the client, and a keyed digest of the person; None where that was never recorded."""

    client_id: str
    person: str | None = field(default=None, repr=False)

    def is_one_with(self, other: Party) -> bool:
        same_client = _folded(self.client_id) == _folded(other.client_id)
        return same_client or (self.person is not None and self.person == other.person)


def person(vault: Vault, controller: str, subject: str) -> str:
    """What is kept of a token's subject: enough to know it again, and not what it is."""
    return vault.blind(controller, _SUBJECT, _folded(subject))


def _folded(name: str) -> str:
    """Case, spacing, width and what cannot be seen make no second person."""
    if name.isascii() and name.isprintable():  # all of it can be seen, and has one form
        return " ".join(name.split()).casefold()
    plain = unicodedata.normalize("NFKC", name)
    seen = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return " ".join(seen.split()).casefold()
