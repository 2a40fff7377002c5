"""Numbers that somebody is reached by, and that are or were somebody else's line.

Whoever is asked for their number may tell any; one that was theirs stays among what they are reached by,
and a corrected one stands there since the day of the wrong one. Whose a line is, its contract says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from avgate_contracts import Field, FieldChange, Identifier, IdentifierKind
from avgate_operator.client import OperatorClient
from avgate_operator.models import Service
from avgate_operator.owner import Owner


class Lines:
    """Who has, or had, the lines that matter for one look: each is asked for once."""

    def __init__(self, client: OperatorClient) -> None:
        self._client = client
        self._known: dict[tuple[IdentifierKind, str], Sequence[Service]] = {}

    async def parties(self, known: Identifier) -> Sequence[str]:
        """The ids of the parties whose own data, or contracts, say that this value is or was theirs.

        A number is asked for in both: whoever is reached by another one has this line all the same.
        """
        found = await self._client.individuals(known)
        return [*found, *(party for row in await self._having(known) for party in row.people)]

    async def told_apart(self, owner: Owner) -> Owner:
        """The same, with the lines of others that it would be taken for by what it says of itself."""
        lines: list[Identifier] = []
        for known in _doubtful(owner):
            others = [one for one in await self._having(known) if owner.id not in one.parties]
            lines += [own for other in others for own in _line(other) if own.matches(known)]
        return replace(owner, lines=tuple(lines)) if lines else owner

    async def _having(self, known: Identifier) -> Sequence[Service]:
        asked = known.kind, known.value
        if asked not in self._known:
            self._known[asked] = await self._client.services(known)
        return self._known[asked]


async def are_anothers(client: OperatorClient, own: str, changes: Sequence[FieldChange]) -> bool:
    """Whether another party has one of these e-mail addresses: all that is theirs would be found by it.

    Numbers are told apart by their contracts; a mailbox has none, so a person finds out whose it is.
    """
    mails = [change.after for change in changes if change.name is Field.EMAIL]
    known = [Identifier.of(IdentifierKind.EMAIL, mail) for mail in mails]
    found = [party for one in known for party in await client.individuals(one)]
    return any(party != own for party in found)


def _doubtful(owner: Owner) -> Iterator[Identifier]:
    """Numbers that no contract of theirs covers, on all the days on which they are said to be theirs."""
    own = [line for service in owner.services for line in _line(service)]
    said = list(owner.individual.identifiers) if owner.individual else []
    open_ended = (each for each in owner.services if each.was_delivered and not each.states_days)
    for known in (*said, *(one for service in open_ended for one in service.identifiers)):
        if known.kind is IdentifierKind.PHONE and not any(_covers(line, known) for line in own):
            yield known


def _line(service: Service) -> Iterator[Identifier]:
    if service.states_days:
        yield from (each for each in service.identifiers if each.kind is IdentifierKind.PHONE)


def _covers(line: Identifier, known: Identifier) -> bool:
    """Whether the contract states each of the days; those that nobody states are all there are."""
    first = line.valid_from is None or (
        known.valid_from is not None and line.valid_from <= known.valid_from
    )
    last = line.valid_until is None or (
        known.valid_until is not None and known.valid_until <= line.valid_until
    )
    return line.value == known.value and first and last
