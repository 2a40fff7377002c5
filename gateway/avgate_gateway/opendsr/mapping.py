"""How the words of OpenDSR and ours stand for each other; nothing here looks anything up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from avgate_contracts.vocabulary import IdentifierKind, Operation
from avgate_gateway.due import OLDEST_SUBMISSION
from avgate_gateway.report import OutcomeWord, ReportLine
from avgate_gateway.request import COPIES, State, SubjectRequest, WaitingFor
from avgate_gateway.retention import AMSTERDAM


class RequestType(StrEnum):
    """What can be asked for; the protocol has no rectification, restriction or objection."""

    ACCESS = "access"
    PORTABILITY = "portability"
    ERASURE = "erasure"


class Status(StrEnum):
    """Where a request is. The protocol tells in the same words what became of it."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


OPERATIONS: Final[Mapping[RequestType, Operation]] = {
    RequestType.ACCESS: Operation.ACCESS,
    RequestType.PORTABILITY: Operation.EXPORT,
    RequestType.ERASURE: Operation.ERASE,
}
TYPES: Final[Mapping[Operation, RequestType]] = {own: theirs for theirs, own in OPERATIONS.items()}
# The protocol's own types of identities; those it lacks come by an extension.
OWN_KINDS: Final[Mapping[str, IdentifierKind]] = {
    "email": IdentifierKind.EMAIL,
    "controller_customer_id": IdentifierKind.CUSTOMER_ID,
}
EXTENDED_KINDS: Final[Mapping[str, IdentifierKind]] = {
    kind.value: kind for kind in IdentifierKind if kind not in OWN_KINDS.values()
}
KINDS: Final[Mapping[str, IdentifierKind]] = {**OWN_KINDS, **EXTENDED_KINDS}
IDENTITY_TYPES: Final[Mapping[IdentifierKind, str]] = {own: name for name, own in KINDS.items()}
# Upstreams are searched by the value itself, which no digest of it gives back; nor can our own index be,
# for it holds an HMAC of the value under a key of ours. OpenDSR 2.0, 5.2 and 6.3: a processor says in its
# discovery which pairs of type and format it takes, and refuses the others (7.5).
FORMAT: Final = "raw"
# Those of the protocol that identify a device or a browser: nobody is found by them here.
UNSUPPORTED: Final = frozenset(
    {
        "android_advertising_id",
        "android_id",
        "fire_advertising_id",
        "ios_advertising_id",
        "ios_vendor_id",
        "microsoft_advertising_id",
        "microsoft_publisher_id",
        "roku_advertising_id",
        "roku_publisher_id",
    }
)
CLOCKS_DIFFER: Final = timedelta(minutes=5)


def status_of(request: SubjectRequest, now: datetime) -> Status:
    """The one word for where a request is.

    `pending` is what may still be cancelled: nothing was begun. A copy is begun with the first look
    at an upstream; an erasure with its approval, once no cooling-off holds it back. Whatever ended
    without being carried out is `cancelled`: the protocol has no word for a refusal, and `completed`
    would say that it was done.
    """
    if request.state is State.CLOSED:
        return Status.COMPLETED if request.closing is None else Status.CANCELLED
    is_begun = _is_looked_at(request) if request.operation in COPIES else _is_released(request, now)
    return Status.IN_PROGRESS if is_begun else Status.PENDING


def _is_looked_at(request: SubjectRequest) -> bool:
    return request.state is not State.RECEIVED and request.waiting_for is not WaitingFor.IDENTITY


def _is_released(request: SubjectRequest, now: datetime) -> bool:
    approval = request.approval
    return approval is not None and (approval.begins_at is None or approval.begins_at <= now)


def expected(request: SubjectRequest, *, extended: bool = True) -> datetime:
    """The end of the last day on which it will have been answered, in Amsterdam."""
    day = request.extended if extended and request.extended is not None else request.promised
    return datetime.combine(day, time(23, 59, 59), AMSTERDAM)


def text(at: datetime) -> str:
    """As RFC 3339 writes it."""
    return at.isoformat().replace("+00:00", "Z")


def counts_from(submitted: datetime, now: datetime) -> datetime:
    """From when the days to answer are counted: from when the data subject asked, if plausible.

    That is not in the future, and at most a month ago. Older, it is a mistake or a backlog: every
    day to answer would have passed before anybody could begin, and no promise could be told from
    another that was broken; then they are counted from now.
    """
    return submitted if now - OLDEST_SUBMISSION <= submitted <= now else now


def outcomes(lines: Iterable[ReportLine]) -> dict[str, int]:
    """How many items fared how, by the words of the report: `completed` alone would hide what stays."""
    counted: dict[str, int] = {}
    for line in lines:
        word = line.ending.outcome.value
        counted[word] = counted.get(word, 0) + line.count
    return {word: count for word, count in sorted(counted.items()) if count}


_FOUND: Final = {
    RequestType.ERASURE: (OutcomeWord.ERASED, OutcomeWord.ANONYMISED, OutcomeWord.SCHEDULED),
    RequestType.ACCESS: (OutcomeWord.PROVIDED,),
    RequestType.PORTABILITY: (OutcomeWord.PROVIDED,),
}


def results_count(kind: RequestType, fared: Mapping[str, int]) -> int:
    """How many items were erased, or are in the copy."""
    return sum(fared.get(word.value, 0) for word in _FOUND[kind])


def supported(names: Iterable[str]) -> Sequence[Mapping[str, str]]:
    """Types of identities as a discovery tells them."""
    return [{"identity_type": name, "identity_format": FORMAT} for name in names]


def table() -> Iterator[str]:
    """The mapping as the lines of a Markdown table, for the documentation."""
    yield "| OpenDSR | here |"
    yield "|---|---|"
    for kind, operation in OPERATIONS.items():
        yield f"| `subject_request_type` `{kind}` | operation `{operation}` |"
    for name, own in OWN_KINDS.items():
        yield f"| `identity_type` `{name}` | identifier `{own}` |"
    for name, own in EXTENDED_KINDS.items():
        yield f"| `identity_type` `{name}`, by our extension | identifier `{own}` |"
    yield "| `identity_format` `sha256`, `sha1`, `md5` | refused: upstreams are searched by value |"
    for status, told in _TOLD.items():
        yield f"| `request_status` `{status}` | {told} |"


_TOLD: Final[Mapping[Status, str]] = {
    Status.PENDING: "a copy that is `received` or waits for `identity`; an erasure until it is approved, "
    "and until its cooling-off is over",
    Status.IN_PROGRESS: "a copy that is being made; an erasure that is approved",
    Status.COMPLETED: "`closed`, carried out; `extensions` says what became of how many items",
    Status.CANCELLED: "`closed` without being carried out: withdrawn, refused, or about no one person",
}
