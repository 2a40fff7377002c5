"""What cannot be found by an IP address alone: the products have it, and so do call records."""

from __future__ import annotations

from collections.abc import Iterator

import avgate_contracts as sdk
from avgate_operator.client import FINDS_BY

_NEEDS = FINDS_BY - {sdk.IdentifierKind.IP}


def unseen(subject: sdk.DataSubject) -> Iterator[sdk.Unseen]:
    """The call records, where nothing but an address is known and no product has it.

    They name the address that was called from, and there is no filter for it: TMF635 has one for
    the party and for the product. Whoever is known by anything else is found by that.
    """
    kinds = {known.kind for known in subject.identifiers}
    if sdk.IdentifierKind.IP in kinds and not kinds & _NEEDS:
        yield sdk.Unseen("Call records (CDR)", sdk.WhyUnseen.OTHER_IDENTIFIER, _NEEDS)
