"""What became of a request, line by line, for the controller to pass on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from avgate_contracts.record import Json
from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.request import EVERYTHING, Scope
from avgate_gateway.supervisor import COMPLAINT_ADDRESS


class OutcomeWord(StrEnum):
    """Every word a report has for what became of an item."""

    PENDING = "pending"
    ERASED = "erased"
    ANONYMISED = "anonymised"
    ALREADY_GONE = "already_gone"
    SCHEDULED = "scheduled"
    RECTIFIED = "rectified"
    ALREADY_RIGHT = "already_right"
    PROVIDED = "provided"
    RETAINED = "retained"
    BY_HAND = "by_hand"
    DONE_BY_HAND = "done_by_hand"
    RETURNED = "returned"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOTHING_HELD = "nothing_held"
    NOTHING_IN_SCOPE = "nothing_in_scope"
    NOT_RELEVANT = "not_relevant"
    NOT_SEARCHABLE = "not_searchable"
    NOT_DONE = "not_done"
    NOT_KEPT = "not_kept"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of an item.

    `effective_from` is the day a scheduled effect comes about, `until` the last day a retained
    item stays, or the day a refusal may end. `ground` is why it stays, `reason` a stable code for
    what stands in the way, and `detail` that in the connector's words. `delisted`: erasing it is
    to publish it no longer, which does not empty the publisher's own register. `left_by` is the
    earlier erasure that left it, where this request did not find it by itself.
    """

    outcome: OutcomeWord
    effective_from: date | None = None
    until: date | None = None
    ground: str | None = None
    reason: str | None = None
    detail: str | None = None
    delisted: bool = False
    left_by: str | None = None


@dataclass(frozen=True, slots=True)
class ReportLine:
    """Items of one connector that fared alike; its answer as a whole has no category and product."""

    connector: str
    category: Category | None
    product: Product | None
    ending: Ending
    count: int

    def to_json(self, language: str) -> dict[str, Json]:
        ending = self.ending
        return {
            "connector": self.connector,
            "category": self.category.value if self.category else None,
            "product": self.product.value if self.product else None,
            "outcome": ending.outcome.value,
            "count": self.count,
            "ground": ending.ground,
            "until": ending.until.isoformat() if ending.until else None,
            "effective_from": ending.effective_from.isoformat() if ending.effective_from else None,
            "reason": ending.reason,
            "detail": ending.detail,
            "sentence": sentence(ending.outcome, language, delisted=ending.delisted),
        }


_COMPLAINT: Final = {
    "en": "You may lodge a complaint with the Autoriteit Persoonsgegevens, the Dutch supervisor:",
    "nl": "U kunt een klacht indienen bij de toezichthouder, de Autoriteit Persoonsgegevens:",
}
_NARROWED: Final = {
    "en": "The request was narrowed to these systems and categories; this says nothing of others.",
    "nl": "Het verzoek was beperkt tot deze systemen en soorten gegevens; over andere zegt dit niets.",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a request; `reference` is the controller's own name for the data subject."""

    request_id: str
    operation: Operation
    reference: str
    received: datetime
    closed: datetime | None
    lines: tuple[ReportLine, ...]
    language: str = "nl"
    scope: Scope = EVERYTHING

    def totals(self) -> dict[OutcomeWord, int]:
        """How many items fared how, in the order of the words."""
        counts: Counter[OutcomeWord] = Counter()
        for line in self.lines:
            counts[line.ending.outcome] += line.count
        return {word: counts[word] for word in OutcomeWord if word in counts}

    def to_json(self) -> dict[str, Json]:
        totals: dict[str, Json] = {word.value: count for word, count in self.totals().items()}
        return {
            "request_id": self.request_id,
            "operation": self.operation.value,
            "reference": self.reference,
            "received": self.received.isoformat(),
            "closed": self.closed.isoformat() if self.closed else None,
            "scope": self._scope(),
            "totals": totals,
            "items": [line.to_json(self.language) for line in self.lines],
            "complaint": {
                "sentence": complaint_sentence(self.language),
                "address": COMPLAINT_ADDRESS,
            },
        }

    def _scope(self) -> Json:
        """What the answer was narrowed to; None where everything was asked for."""
        if self.scope == EVERYTHING:
            return None
        return {
            "connectors": [*sorted(self.scope.connectors)],
            "categories": [*sorted(category.value for category in self.scope.categories)],
            "sentence": _NARROWED["nl" if self.language == "nl" else "en"],
        }


def sentence(outcome: OutcomeWord, language: str, *, delisted: bool = False) -> str:
    """What a word means, for a reader: in Dutch for "nl", in English for all others."""
    is_listing = delisted and outcome is OutcomeWord.ERASED
    english, dutch = _DELISTED if is_listing else _SENTENCES[outcome]
    return dutch if language == "nl" else english


def complaint_sentence(language: str) -> str:
    """Where a data subject may complain (GDPR Art. 12(4)); `supervisor.COMPLAINT_ADDRESS` follows it."""
    return _COMPLAINT["nl" if language == "nl" else "en"]


_DELISTED: Final = (
    "It is no longer published; the directory keeps name and address so that it stays unpublished.",
    "Het wordt niet meer gepubliceerd; de gids houdt naam en adres vast zodat dat zo blijft.",
)
_SENTENCES: Final[Mapping[OutcomeWord, tuple[str, str]]] = {
    OutcomeWord.PENDING: (
        "It has been asked for, and is not confirmed yet.",
        "Het is aangevraagd en nog niet bevestigd.",
    ),
    OutcomeWord.ERASED: ("It has been erased.", "Het is verwijderd."),
    OutcomeWord.ANONYMISED: (
        "It no longer says whose it was.",
        "Er staat niet meer in van wie het was.",
    ),
    OutcomeWord.ALREADY_GONE: ("It had already been erased.", "Het was al verwijderd."),
    OutcomeWord.SCHEDULED: (
        "It is confirmed, and takes effect on the day stated.",
        "Het is bevestigd en gaat in op de genoemde dag.",
    ),
    OutcomeWord.RECTIFIED: ("It has been corrected.", "Het is gecorrigeerd."),
    OutcomeWord.ALREADY_RIGHT: ("It was already correct.", "Het klopte al."),
    OutcomeWord.PROVIDED: ("A copy of it is enclosed.", "Een kopie ervan is bijgevoegd."),
    OutcomeWord.RETAINED: (
        "It stays for now, on the ground stated.",
        "Het blijft voorlopig bewaard, op de genoemde grond.",
    ),
    OutcomeWord.BY_HAND: (
        "A member of staff has to do it by hand.",
        "Een medewerker moet het met de hand doen.",
    ),
    OutcomeWord.DONE_BY_HAND: (
        "A member of staff has done it by hand.",
        "Een medewerker heeft het met de hand gedaan.",
    ),
    OutcomeWord.RETURNED: (
        "It had been removed, and has appeared again.",
        "Het was verwijderd, maar staat er opnieuw.",
    ),
    OutcomeWord.REFUSED: (
        "The system that holds it refused, for the reason stated.",
        "Het systeem waarin het staat weigerde, om de genoemde reden.",
    ),
    OutcomeWord.FAILED: ("It could not be done.", "Het is niet gelukt."),
    OutcomeWord.UNKNOWN: (
        "It is not certain yet whether it was done.",
        "Nog niet zeker is of het is gedaan.",
    ),
    OutcomeWord.NOTHING_HELD: ("Nothing is held here.", "Hier wordt niets bewaard."),
    OutcomeWord.NOTHING_IN_SCOPE: (
        "Nothing of what was asked for is held here.",
        "Van wat is gevraagd, wordt hier niets bewaard.",
    ),
    OutcomeWord.NOT_RELEVANT: (
        "This right is not relevant to this service.",
        "Dit recht is niet relevant voor deze dienst.",
    ),
    OutcomeWord.NOT_KEPT: (
        "The person is known here, but not what is to be corrected.",
        "De persoon is hier bekend, maar niet wat te verbeteren is.",
    ),
    OutcomeWord.NOT_DONE: (
        "Nothing was done: the request was withdrawn or refused.",
        "Er is niets gedaan: het verzoek is ingetrokken of geweigerd.",
    ),
    OutcomeWord.NOT_SEARCHABLE: (
        "Nobody can be looked up here by what is known.",
        "Met wat bekend is, kan hier niemand worden opgezocht.",
    ),
    OutcomeWord.QUARANTINED: (
        "It does not fit the data subject, and was set aside.",
        "Het past niet bij de betrokkene en is apart gezet.",
    ),
}
