"""The register of who processes data behind the service: searched, compared with a day, downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import Route

from avgate_contracts.day import AMSTERDAM
from avgate_gateway.authentication import Scope
from avgate_gateway.console.door import Door, Visit
from avgate_gateway.console.downloads import csv_file
from avgate_gateway.letter.content import LANGUAGES
from avgate_gateway.register import RegisterEntry, as_csv, changed_since, seeded
from avgate_gateway.store import processors

_HERE = "/console/processors"
_LONGEST = 100


def routes(door: Door) -> list[Route]:
    return [
        door.page(_HERE, show, Scope.READ),
        door.page(f"{_HERE}.csv", download, Scope.READ),
    ]


async def show(visit: Visit) -> Response:
    everything = await _entries(visit)
    words, since = visit.asked("words")[:_LONGEST], _day(visit.asked("since"))
    entries = chosen(everything, words, since)
    return visit.sheet.page(
        "processors.html",
        {
            "entries": entries,
            "total": len(everything),
            "words": words,
            "since": since,
            "is_wrong": bool(visit.asked("since")) and since is None,
            "query": urlencode({"words": words, "since": since.isoformat() if since else ""}),
        },
    )


async def download(visit: Visit) -> Response:
    since = _day(visit.asked("since"))
    entries = chosen(await _entries(visit), visit.asked("words")[:_LONGEST], since)
    return csv_file("processors", as_csv(entries))


async def _entries(visit: Visit) -> Sequence[RegisterEntry]:
    controller = visit.staff.caller.controller
    async with visit.gateway.context.database.read() as db:
        listed = await processors.entries(db, controller)
    return (*seeded(controller), *listed)


def chosen(
    entries: Sequence[RegisterEntry], words: str, since: date | None
) -> Sequence[RegisterEntry]:
    """Those in which each of the words stands somewhere, and that came or went since a day."""
    if since is not None:
        entries = changed_since(entries, datetime.combine(since, time(), AMSTERDAM))
    asked = words.casefold().split()
    found = [one for one in entries if all(word in _told(one) for word in asked)]
    return sorted(found, key=lambda one: (one.product_group.value, one.name.casefold()))


def _told(entry: RegisterEntry) -> str:
    """All that a page may show of it, in either language."""
    named = [words.names.get(entry.name, entry.name) for words in LANGUAGES.values()]
    told = (*named, *entry.products, entry.country, entry.provider)
    texts = (entry.purpose, entry.purpose_in("nl"), entry.source, entry.source_in("nl"))
    return " ".join((entry.name, *told, *texts)).casefold()


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
