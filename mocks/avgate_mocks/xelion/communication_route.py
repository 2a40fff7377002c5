"""`/communications`: lists, windows, details, sound and changes (communications_*.html).

There is no DELETE, here as in the documentation: it is answered 404/10100.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from avgate_mocks.kernel import Kernel
from avgate_mocks.xelion import audio
from avgate_mocks.xelion.asked import Asked
from avgate_mocks.xelion.body import sent_operations
from avgate_mocks.xelion.call_log import Entry
from avgate_mocks.xelion.envelope import JsonObject, one, page
from avgate_mocks.xelion.habits import Habits
from avgate_mocks.xelion.query import checked_oid, conditions, days, flag, limit, oid_in_path
from avgate_mocks.xelion.refusal import missing, no_such_object
from avgate_mocks.xelion.scalar import read_moment, written
from avgate_mocks.xelion.tenant import Tenant, Tenants

_PATH = "communications"
_PERIOD = 14  # days that a list of recent communications goes back
_LISTED = ("oid", "objectType", "subject", "date", "commonName")
_LAST = ("durationSec", "incoming", "status", "voicemail", "retrieved", "displayed", "flagged")
_FLAGS = frozenset({"voicemail", "incoming", "retrieved", "displayed", "flagged"})


class CommunicationRoutes:
    def __init__(self, kernel: Kernel, tenants: Tenants, habits: Habits) -> None:
        self._kernel = kernel
        self._tenants = tenants
        self._habits = habits

    def routes(self) -> list[Route]:
        return [
            Route(f"/{_PATH}", self.search, methods=["GET"]),
            Route(f"/{_PATH}/recent", self.recent, methods=["GET"]),
            Route(f"/{_PATH}/{{name}}", self.read, methods=["GET"]),
            Route(f"/{_PATH}/{{name}}", self.patch, methods=["PATCH"]),
            Route(f"/{_PATH}/{{name}}/audio", self.listen, methods=["GET"]),
            Route("/attachments/{oid}", self.attachment, methods=["GET"]),
        ]

    async def search(self, request: Request) -> Response:
        tenant = self._tenants.of(request)
        asked = self._asked(request, tenant)
        if asked.partner is not None:
            return self._with(request, tenant, asked)
        wanted = _wanted(request)
        if "search" in wanted and "phoneLine" not in wanted:
            raise missing("phoneLine")
        return self._page(request, tenant, asked, asked.entries(tenant.journal))

    def _with(self, request: Request, tenant: Tenant, asked: Asked) -> Response:
        """One window of 28 days, counted back from the cursor, `until`, or now.

        A window without anything still leads on to older ones, by a link without a cursor; only
        before the oldest communication there is no such link.
        """
        partner, journal = str(asked.partner), tenant.journal
        tenant.book.find(checked_oid(partner))
        window = asked.window(self._kernel.clock.now())
        entries = window.entries(journal, journal.with_(partner))
        found = (entry for entry in entries if journal.concerns(entry, partner))
        oldest = journal.oldest()
        leads_on = oldest is not None and window.leads_on(asked, oldest)
        onward = {"until": written(window.since)} if leads_on and window.since else None
        return self._page(request, tenant, asked, found, onward=onward)

    def _page(
        self,
        request: Request,
        tenant: Tenant,
        asked: Asked,
        entries: Iterator[Entry],
        *,
        onward: Mapping[str, str] | None = None,
    ) -> Response:
        shown = ((entry, tenant.journal.shown(entry)) for entry in entries)
        rows = list(islice(((e, s) for e, s in shown if _fits(request, s)), asked.rows))
        if "before" in request.query_params:
            rows.reverse()
        if flag(request, "retrieval"):
            self._mark_retrieved(request, tenant, [entry for entry, _ in rows])
        names = (*_LISTED, "participants") if asked.partner else _LISTED
        contents = [{name: content[name] for name in names} for _, content in rows]
        paged = request.query_params.get("order_by") != "mru"
        return page(request, _PATH, contents, paged=paged, onward=onward)

    async def recent(self, request: Request) -> Response:
        """The newest communication of each contact within `period` days (communications_recent.html).

        It goes on with `before`, a date, from the oldest of a full page.
        """
        tenant = self._tenants.of(request)
        before = _moment(request.query_params.get("before")) or self._kernel.clock.now()
        since = before - timedelta(days=days(request, "period", _PERIOD))
        entries = tenant.journal.older((before, 0))
        within = takewhile(lambda entry: entry.call.at >= since, entries)
        newest = _newest_of_each(
            content for content in map(tenant.journal.shown, within) if _fits(request, content)
        )
        rows = limit(request, self._habits.largest_page)
        contents = [_contact(tenant, content) for content in islice(newest, rows)]
        onward = {"before": contents[-1]["date"]} if len(contents) == rows else None
        return page(request, _PATH, contents, paged=False, onward=onward)

    async def attachment(self, request: Request) -> Response:
        found = self._tenants.of(request).journal.attachment(oid_in_path(request))
        return one(request, "attachments", found)

    def _mark_retrieved(self, request: Request, tenant: Tenant, entries: Sequence[Entry]) -> None:
        for entry in entries:
            tenant.journal.note(entry, {"retrieved": True})
            self._kernel.effect(request, kind="change", subject=entry.person.id, status=200)

    async def read(self, request: Request) -> Response:
        tenant = self._tenants.of(request)
        entry = tenant.journal.find(request.path_params["name"])
        return one(request, _PATH, tenant.journal.shown(entry))

    async def listen(self, request: Request) -> Response:
        tenant = self._tenants.of(request)
        entry = tenant.journal.find(request.path_params["name"])
        if not tenant.journal.has_sound(entry):
            raise no_such_object()
        headers = {
            "Content-Disposition": "audio.mp3",
            "Content-Length": str(audio.length(entry.seconds)),
        }
        sound = audio.sound(str(entry.oid), entry.seconds)
        return StreamingResponse(sound, headers=headers, media_type="audio/x-mp3")

    async def patch(self, request: Request) -> Response:
        """Answers nothing at all, as the vendor's PATCH pages say."""
        tenant = self._tenants.of(request)
        operations = await sent_operations(request)
        entry = tenant.journal.find(request.path_params["name"])
        kind = tenant.journal.patch(entry, operations)
        if kind is not None:
            self._kernel.effect(request, kind=kind, subject=entry.person.id, status=200)
        return Response()

    def _asked(self, request: Request, tenant: Tenant) -> Asked:
        given = request.query_params
        name = given.get("before") or given.get("after")
        return Asked(
            rows=limit(request, self._habits.largest_page),
            ascending=(given.get("order") == "ascending") != ("before" in given),
            cursor=None if name is None else tenant.journal.find(name),
            since=_moment(given.get("from")),
            until=_moment(given.get("until")),
            partner=given.get("with"),
        )


def _contact(tenant: Tenant, content: JsonObject) -> JsonObject:
    """A contact with the last that passed between them, as an inbox shows it."""
    addressable = content["associatedAddressable"]
    icon = tenant.book.find(addressable["oid"]).content["iconId"]
    return {
        **{name: content[name] for name in (*_LISTED, "associatedAddressable")},
        "addressable": {**addressable, "iconId": icon},
        "lastCommunication": {name: content[name] for name in (*_LISTED, *_LAST)},
    }


def _newest_of_each(contents: Iterable[JsonObject]) -> Iterator[JsonObject]:
    """Of each contact the first; what leads to nobody any more is no contact's."""
    seen: set[str] = set()
    for content in contents:
        contact = content["associatedAddressable"]
        if contact is not None and contact["oid"] not in seen:
            seen.add(contact["oid"])
            yield content


def _fits(request: Request, content: JsonObject) -> bool:
    if flag(request, "only_missed_calls") and "callAnswerTime" in content:
        return False
    return all(_meets(content, name, values) for name, values in _wanted(request).items())


def _wanted(request: Request) -> dict[str, tuple[str, ...]]:
    """The conditions, of which `search` may also stand beside `where`."""
    text = request.query_params.get("search")
    return conditions(request) | ({} if text is None else {"search": (text,)})


def _meets(content: JsonObject, name: str, values: Sequence[str]) -> bool:
    if name in _FLAGS:
        return str(content[name]).lower() in values
    if name == "search":
        said = f"{content['subject']} {content['contents']} {content['participants']}".casefold()
        return any(value.casefold() in said for value in values)
    if name == "phoneLine":
        return content["phoneLine"]["oid"] in values
    attribute = {"obj_type": "objectType"}.get(name, name)
    return content.get(attribute) in values


def _moment(text: str | None) -> datetime | None:
    return None if text is None else read_moment(text)
