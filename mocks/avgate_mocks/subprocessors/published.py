"""What a provider publishes, and since when: it changes with the mock's time, or by order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from avgate_mocks.clock import Clock
from avgate_mocks.people import midnight
from avgate_mocks.subprocessors.orders import Line

_FIRST_PUBLISHED = timedelta(days=400)
_ADDED_AFTER = timedelta(days=7)
_REMOVED_AFTER = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line, from the day it is listed up to, and without, the day it is gone."""

    line: Line
    start: date
    end: date | None = None

    def listed(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


class Published:
    """One provider's list."""

    def __init__(self, provider: str, clock: Clock, entries: Iterable[Entry]) -> None:
        self.provider = provider
        self._clock = clock
        self._entries = tuple(entries)
        self._order: tuple[datetime, Sequence[Line]] | None = None

    def lines(self) -> list[dict[str, object]]:
        """What is listed now; an order takes the place of everything before it."""
        day = self._clock.now().date()
        listed = [entry.line for entry in self._entries if entry.listed(day)]
        lines = listed if self._order is None else self._order[1]
        return [line.model_dump() for line in lines]

    def publish(self, lines: Sequence[Line]) -> None:
        self._order = (self._clock.now(), tuple(lines))

    def changed(self) -> datetime:
        """When the list became what it is now."""
        if self._order is not None:
            return self._order[0]
        today = self._clock.now().date()
        days = (day for entry in self._entries for day in (entry.start, entry.end) if day)
        return midnight(max(day for day in days if day <= today))


def conditional(request: Request, response: Response, published: Published) -> Response:
    """The answer with its validators, or 304 where the caller has it already (RFC 9110, 13.1.2)."""
    etag = f'"{sha256(bytes(response.body)).hexdigest()[:32]}"'
    modified = format_datetime(published.changed(), usegmt=True)
    validators = {"ETag": etag, "Last-Modified": modified, "Cache-Control": "no-cache"}
    if _is_known(request, etag, modified):
        return Response(status_code=304, headers=validators)
    response.headers.update(validators)
    return response


def _is_known(request: Request, etag: str, modified: str) -> bool:
    """A date counts only where no tag came along (RFC 9110, 13.1.3)."""
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        return bool({tag.strip().removeprefix("W/") for tag in tags.split(",")} & {etag, "*"})
    return _moment(request.headers.get("If-Modified-Since", "")) >= _moment(modified)


def _moment(text: str) -> datetime:
    """A date of HTTP; what is none is long ago."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def kpn(clock: Clock, as_of: date) -> Published:
    """Companies behind the access network; one comes after a week, one goes after a fortnight."""
    first = as_of - _FIRST_PUBLISHED
    return Published(
        "kpn",
        clock,
        [
            Entry(_line("Glasvast Datacenters", "Housing of equipment", "NL", "WAN"), first),
            Entry(
                _line("Veldwerk Monteurs", "Visits to the address of a line", "NL", "WAN"),
                first,
                as_of + _REMOVED_AFTER,
            ),
            Entry(_line("Noordlicht Support", "Service desk", "BE", "WAN"), first),
            Entry(
                _line("Stroomlijn Facturatie", "Printing of invoices", "DE", "WAN"),
                as_of + _ADDED_AFTER,
            ),
        ],
    )


def managed_voice(clock: Clock, as_of: date) -> Published:
    """Companies behind a telephone exchange."""
    first = as_of - _FIRST_PUBLISHED
    return Published(
        "managed-voice",
        clock,
        [
            Entry(
                _line("Spraakkluis Opslag", "Storage of recordings", "NL", "Managed Voice"), first
            ),
            Entry(_line("Belvergelijk Analyse", "Fraud detection", "IE", "Managed Voice"), first),
        ],
    )


def perfectview(clock: Clock, as_of: date) -> Published:
    """Companies behind a book of customers."""
    line = _line("Lage Landen Hosting", "Hosting", "NL", "PerfectView")
    return Published("perfectview", clock, [Entry(line, as_of - _FIRST_PUBLISHED)])


def workspace365(clock: Clock, as_of: date) -> Published:
    """Companies behind an online workplace."""
    line = _line("Wolkendek Hosting", "Hosting", "NL", "Workspace365")
    return Published("workspace365", clock, [Entry(line, as_of - _FIRST_PUBLISHED)])


def _line(name: str, purpose: str, country: str, product: str) -> Line:
    return Line(name=name, purpose=purpose, country=country, products=[product])
