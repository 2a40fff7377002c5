"""One call, voicemail or recording as Xelion logs it, worked out from an invented call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from avgate_mocks.people import Call, Person
from avgate_mocks.xelion.envelope import JsonObject
from avgate_mocks.xelion.patch import Patchable
from avgate_mocks.xelion.scalar import written

PATCHABLE = Patchable(
    attributes=frozenset(
        {"flagged", "processed", "displayed", "retrieved", "subject", "afterCallType"}
        | {"participants", "contents", "packetsLogs"}
    ),
    relations={
        "participants": frozenset({"commonName", "role", "address", "addressable", "objectType"}),
        "attachments": frozenset({"commonName", "objectType", "contentsB64String"}),
    },
    related={"participants": "addressable"},
)
LINES = ("1500011", "1500018", "1500025")  # the OIDs of a tenant's phone lines
_FIRST, _PER_PERSON, _PER_KIND = 10_000_000_000, 1_000_000, 500_000


@dataclass(frozen=True, slots=True)
class Party:
    """Who takes part in a call, as far as the address book knew when it was made."""

    name: str
    number: str
    oid: str | None  # of the addressable, if it is still there


@dataclass(frozen=True, slots=True)
class Entry:
    """One communication of one invented person."""

    person: Person
    call: Call
    voicemail: bool
    recorded: bool

    @property
    def oid(self) -> int:
        return oid_of(self.person, self.call.index, voicemail=self.voicemail)

    @property
    def key(self) -> tuple[datetime, int]:
        """Its place in the log, older before newer."""
        return self.call.at, self.oid

    @property
    def incoming(self) -> bool:
        return self.voicemail or self.call.incoming

    @property
    def call_id(self) -> str:
        return f"c{self.oid}" if self.incoming else f"caller_c{self.oid}"

    @property
    def seconds(self) -> int:
        return self.call.duration_seconds or (12 if self.voicemail or self.recorded else 0)


def oid_of(person: Person, index: int, *, voicemail: bool) -> int:
    return _FIRST + person.position * _PER_PERSON + voicemail * _PER_KIND + index


def place_of(oid: int) -> tuple[int, bool, int]:
    """The position of the person, whether it is a voicemail, and the index of the call."""
    position, rest = divmod(oid - _FIRST, _PER_PERSON)
    voicemail, index = divmod(rest, _PER_KIND)
    return position, bool(voicemail), index


def log(entry: Entry, own: Party, other: Party) -> JsonObject:
    """The whole record as it was written when the call was made."""
    calling, called = (other, own) if entry.incoming else (own, other)
    answered = entry.seconds > 0 and not entry.voicemail
    return {
        "oid": str(entry.oid),
        "objectType": "CallLog",
        "subject": f"{calling.name} -> {called.name}",
        "date": written(entry.call.at),
        "durationSec": entry.seconds,
        "incoming": entry.incoming,
        "retrieved": False,
        "displayed": True,
        "flagged": False,
        "processed": False,
        "hasAttachment": False,  # sound is no attachment
        "hasInlineAttachment": False,
        "hasMessageReference": False,
        "contents": f"Voicemail van {own.name} ({own.number})" if entry.voicemail else "",
        "participants": [
            _participant(entry, 1, "rtFrom", calling),
            _participant(entry, 2, "rtTo", called),
        ],
        "attachments": [],
        **_technical(entry, answered=answered),
    }


def _technical(entry: Entry, *, answered: bool) -> JsonObject:
    line = LINES[entry.call.index % len(LINES)]
    times = {
        "callAnswerTime": written(entry.call.at + timedelta(seconds=6)),
        "callAnswerTimeSec": 6,
    }
    return {
        "callId": entry.call_id,
        "callFlowId": f"f{entry.oid}",
        **(times if answered else {}),  # absent: the call was missed
        "callEndTime": written(entry.call.at + timedelta(seconds=6 + entry.seconds)),
        "onHoldDuration": 0,
        "isConferenceCall": False,
        "phone": None,
        "phoneLine": {"oid": line, "objectType": "XCCPhoneLine", "commonName": line},
        "trunk": f"trunk-{entry.call.channel % 3}",
        "status": "Answer" if answered else "Unavailable",
        "voicemail": entry.voicemail,
        "voicemailIsHeard": False,
        "afterCallType": None,
    }


def _participant(entry: Entry, place: int, role: str, party: Party) -> JsonObject:
    return {
        "oid": str(entry.oid * 10 + place),
        "objectType": "Addressee",
        "commonName": party.name,
        "role": role,
        "address": party.number,
        "addressable": None if party.oid is None else {"oid": party.oid},
    }
