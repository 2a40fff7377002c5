"""What a person did and left behind in the core network, as TMF635 usages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from avgate_contracts.vocabulary import Product
from avgate_mocks.operator import billing
from avgate_mocks.operator.audio import Audio
from avgate_mocks.operator.shape import Resource, characteristics, individual, moment
from avgate_mocks.operator.shelf import Run, Shelf, Span
from avgate_mocks.people import Call, Calls, Moments, Person, scramble
from avgate_mocks.world import World

PATH = "/usageManagement/v4/usage"
AUDIO_PATH = "/mediaStore/v1/audio"
FILTERS = frozenset({
    "relatedParty.id", "usageType", "status",
    "usageDate.gt", "usageDate.gte", "usageDate.lt", "usageDate.lte",
})  # fmt: skip


class Kind(StrEnum):
    """What a usage records; its value is the letter in its id."""

    CALL = "c"
    SESSION = "s"
    VOICEMAIL = "v"
    RECORDING = "r"


TYPES: Mapping[str, Kind] = {
    "voice": Kind.CALL,
    "mobile": Kind.CALL,
    "internet": Kind.SESSION,
    "voicemail": Kind.VOICEMAIL,
    "recording": Kind.RECORDING,
}
SPECIFICATIONS: Mapping[str, Resource] = {name: {"id": name, "name": name} for name in TYPES}
_SOUNDING: Mapping[Kind, int] = {Kind.VOICEMAIL: 40, Kind.RECORDING: 240}  # the longest, in seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """A listing of usages: those of one time, one type and one status, or of all."""

    span: Span = (None, None)
    usage_type: str | None = None
    status: str | None = None


class Book:
    """All usages of one person."""

    def __init__(
        self, world: World, person: Person, party_id: str, href: Callable[[str, str], str]
    ) -> None:
        self.person = person
        self._party_id = party_id
        self._href = href
        self._party = [individual(party_id, href("/party/v4/individual", party_id), "user")]
        self._calls = {
            kind: Calls(world.seed, person, world.as_of, count, kind=f"operator/{kind.name}")
            for kind, count in _counts(person).items()
        }
        sessions = Moments(
            world.seed, person, world.as_of, person.volume.sessions, kind="operator/sessions"
        )
        moments = {kind: calls.moments for kind, calls in self._calls.items()}
        self.shelves = {
            kind: Shelf(known) for kind, known in {**moments, Kind.SESSION: sessions}.items()
        }

    def call(self, kind: Kind, index: int) -> Call:
        return self._calls[kind][index]

    def page(
        self, asked: Asked, offset: int, limit: int, now: datetime
    ) -> tuple[int, list[Resource]]:
        """How many there are in all, and those from `offset` on."""
        runs = [(kind, self.shelves[kind].run(asked.span)) for kind in _kinds(asked)]
        total = sum(len(run) for _, run in runs)
        found = list(_slice(runs, offset, limit))
        if asked.status is not None or asked.usage_type in ("voice", "mobile"):
            # Neither stands on the shelf: each call must be looked at.
            matching = [place for place in _places(runs) if self._is_asked(*place, asked, now)]
            total, found = len(matching), matching[offset : offset + limit]
        return total, [self.render(kind, index, now) for kind, index in found]

    def _is_asked(self, kind: Kind, index: int, asked: Asked, now: datetime) -> bool:
        if kind is not Kind.CALL:
            return asked.status in (None, billing.Status.RECEIVED)
        call = self._calls[kind][index]
        fits_status = asked.status in (None, billing.status(call, now))
        return fits_status and asked.usage_type in (None, _usage_type(kind, call))

    def audio(self, kind: Kind, index: int) -> Audio | None:
        if kind not in _SOUNDING:
            return None
        salt = self._calls[kind].moments.salt + index
        return Audio(salt=salt, seconds=4 + scramble(salt, index) % _SOUNDING[kind])

    def render(self, kind: Kind, index: int, now: datetime) -> Resource:
        if kind is Kind.CALL:
            return self._call(index, now)
        audio = self.audio(kind, index)
        return self._session(index) if audio is None else self._sound(kind, index, audio)

    def usage_id(self, kind: Kind, index: int) -> str:
        return f"{self._party_id}-{kind}{index}"

    def _call(self, index: int, now: datetime) -> Resource:
        call = self._calls[Kind.CALL][index]
        state = billing.status(call, now)
        frame = self._frame(Kind.CALL, index, call.at, _usage_type(Kind.CALL, call))
        rated = (
            {}
            if state is billing.Status.RECEIVED
            else {"ratedProductUsage": [_rating(call, state)]}
        )
        values = {**_of_call(call, self.person), **self._of_bill(call, state)}
        return {**frame, "status": state, **rated, "usageCharacteristic": characteristics(values)}

    def _sound(self, kind: Kind, index: int, audio: Audio) -> Resource:
        drawn = self._calls[kind][index]
        call = replace(
            drawn,
            duration_seconds=audio.seconds,
            incoming=drawn.incoming or kind is Kind.VOICEMAIL,
        )
        where = self._href(AUDIO_PATH, self.usage_id(kind, index))
        values = {**_of_call(call, self.person), "audio": {**audio.about, "href": where}}
        frame = self._frame(kind, index, call.at, _usage_type(kind, call))
        return {**frame, "usageCharacteristic": characteristics(values)}

    def _session(self, index: int) -> Resource:
        bits = scramble(self.person.position, index)
        mac = f"02:00:5e:{bits >> 8 & 255:02x}:{bits >> 16 & 255:02x}:{bits >> 24 & 255:02x}"
        values = {
            "userName": f"{self.person.customer_id.lower()}@dsl",
            "sourceIp": self.person.ip,
            "destinationIp": f"203.0.113.{bits % 254 + 1}",
            "macAddress": mac,
            "volumeBytes": bits >> 34,
            "durationSeconds": 60 + (bits >> 8) % 36_000,
        }
        at = self.shelves[Kind.SESSION].moments[index]
        frame = self._frame(Kind.SESSION, index, at, "internet")
        return {**frame, "usageCharacteristic": characteristics(values)}

    def _frame(self, kind: Kind, index: int, at: datetime, usage_type: str) -> Resource:
        usage_id = self.usage_id(kind, index)
        return {
            "id": usage_id,
            "href": self._href(PATH, usage_id),
            "usageDate": moment(at),
            "usageType": usage_type,
            "status": billing.Status.RECEIVED,
            "usageSpecification": SPECIFICATIONS[usage_type],
            "relatedParty": self._party,
        }

    def _of_bill(self, call: Call, state: billing.Status) -> Mapping[str, object]:
        if state is not billing.Status.BILLED:
            return {}
        disputed = billing.is_under_dispute(self.person, call) or None
        until = moment(billing.disputable_until(call))
        return {"disputableUntil": until, "isUnderDispute": disputed}


def _counts(person: Person) -> Mapping[Kind, int]:
    volume = person.volume
    return {
        Kind.CALL: volume.calls,
        Kind.VOICEMAIL: volume.voicemails,
        Kind.RECORDING: volume.recordings,
    }


def _kinds(asked: Asked) -> Sequence[Kind]:
    if asked.usage_type is None:
        return tuple(Kind)
    return [TYPES[asked.usage_type]] if asked.usage_type in TYPES else []


def _places(runs: Sequence[tuple[Kind, Run]]) -> Iterator[tuple[Kind, int]]:
    for kind, run in runs:
        yield from ((kind, index) for index in run.shelf.indexes(run.start, run.stop))


def _slice(runs: Sequence[tuple[Kind, Run]], offset: int, limit: int) -> Iterator[tuple[Kind, int]]:
    """The places from `offset` on, without walking over those before it."""
    for kind, run in runs:
        start = min(run.start + offset, run.stop)
        taken = run.shelf.indexes(start, min(start + limit, run.stop))
        yield from ((kind, index) for index in taken)
        offset = max(0, offset - len(run))
        limit -= len(taken)


def _usage_type(kind: Kind, call: Call) -> str:
    if kind is not Kind.CALL:
        return kind.name.lower()
    return "mobile" if call.line.product is Product.MOBILE else "voice"


def _rating(call: Call, state: billing.Status) -> Resource:
    charged = billing.is_charged(call)
    amount = billing.price(call) if charged else 0.0
    return {
        "isBilled": state is billing.Status.BILLED,
        "usageRatingTag": "usage" if charged else "included usage",
        "ratingDate": moment(call.at),
        "taxExcludedRatingAmount": {"unit": "EUR", "value": amount},
    }


def _of_call(call: Call, person: Person) -> Mapping[str, object]:
    line = call.line
    cell = scramble(call.channel, call.index) % 65_536
    of_mobile = {"iccid": line.iccid, "imsi": line.imsi, "uli": f"204-99-{cell}"}
    return {
        "direction": "incoming" if call.incoming else "outgoing",
        "aNumber": call.calling,
        "bNumber": call.called,
        "durationSeconds": call.duration_seconds,
        "channel": call.channel,
        "sipUser": f"sip{line.number[3:]}",
        "extension": line.extension,
        "ipAddress": person.ip,
        **(of_mobile if line.product is Product.MOBILE else {}),
    }
