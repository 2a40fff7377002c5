"""The communications of one tenant as they are now: the history, and what was changed since."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from avgate_contracts.vocabulary import Category
from avgate_mocks.people import Person
from avgate_mocks.xelion import call_log
from avgate_mocks.xelion.address_book import AddressBook
from avgate_mocks.xelion.call_log import Entry, Party
from avgate_mocks.xelion.correspondent import other_end, party
from avgate_mocks.xelion.envelope import JsonObject
from avgate_mocks.xelion.history import History, Key
from avgate_mocks.xelion.patch import patched
from avgate_mocks.xelion.query import is_number
from avgate_mocks.xelion.refusal import invalid, no_such_object
from avgate_mocks.xelion.scalar import stored

_CALLER = "caller_"
_NONE = object()


class Journal:
    """Reads are worked out; only changes are kept."""

    def __init__(self, history: History, book: AddressBook) -> None:
        self._history = history
        self._book = book
        self._changed: dict[int, JsonObject] = {}
        self._joined: dict[str, str] = {}
        self._removed: set[int] = set()
        self._silent: set[int] = set()
        self._anonymous: set[int] = set()
        self._oldest: tuple[int, datetime | None] | None = None

    def find(self, name: str) -> Entry:
        """By OID, or by call id. Raises XelionError 404/10100."""
        digits = name.removeprefix(_CALLER).removeprefix("c")
        entry = self._history.entry(int(digits)) if is_number(digits) else None
        names = () if entry is None else (str(entry.oid), entry.call_id)
        if entry is None or name not in names or entry.oid in self._removed:
            raise no_such_object()
        return entry

    def older(self, than: Key | None, people: Sequence[Person] | None = None) -> Iterator[Entry]:
        entries = self._history.older(than, self._people(people))
        return (entry for entry in entries if entry.oid not in self._removed)

    def newer(self, than: Key | None, people: Sequence[Person] | None = None) -> Iterator[Entry]:
        entries = self._history.newer(than, self._people(people))
        return (entry for entry in entries if entry.oid not in self._removed)

    def _people(self, people: Sequence[Person] | None) -> Sequence[Person]:
        return list(self._history.people.values()) if people is None else people

    def oldest(self) -> datetime | None:
        """Worked out anew only after something was removed: every page of a list asks for it."""
        if self._oldest is None or self._oldest[0] != len(self._removed):
            first = next(self.newer(None), None)
            self._oldest = len(self._removed), None if first is None else first.call.at
        return self._oldest[1]

    def shown(self, entry: Entry) -> JsonObject:
        """The full record, its participants linked to what is still in the address book."""
        written = {**self._written(entry), **self._changed.get(entry.oid, {})}
        participants = [self._linked(each) for each in written["participants"]]
        linked = (p["addressable"] for p in participants if p["addressable"])
        subject = next((a for a in linked if a["oid"] not in self._book.other_oids), None)
        contents = str(written["contents"] or "")
        return {
            **written,
            "commonName": _label(participants, str(written["date"])),
            "participants": participants,
            "associatedAddressable": subject,
            "attachments": [_without_contents(each) for each in written["attachments"]],
            "hasAttachment": bool(written["attachments"]),
            "contentSummary": contents[:80],
            "contentSummaryIsComplete": len(contents) <= 80,
        }

    def _written(self, entry: Entry) -> JsonObject:
        other = party(other_end(entry.call, self._book.others))
        return call_log.log(entry, self._own_party(entry), other)

    def _own_party(self, entry: Entry) -> Party:
        number = entry.call.line.number
        oid = self._book.leads_to(entry.person, number)
        return Party(self._book.called(oid), number, oid)

    def _linked(self, participant: JsonObject) -> JsonObject:
        leads_to = participant.get("addressable")
        named = str(leads_to.get("oid", "")) if isinstance(leads_to, dict) else ""
        oid = self._joined.get(named, named)
        if not self._book.holds(oid):
            return {**participant, "addressable": None}
        return {**participant, "addressable": self._book.reference(oid)}

    def attachment(self, oid: str) -> JsonObject:
        """Raises XelionError 404/10100."""
        changed = (content.get("attachments", ()) for content in self._changed.values())
        found = next((each for some in changed for each in some if each["oid"] == oid), None)
        if found is None:
            raise no_such_object()
        return {"objectType": "Attachment", **found}

    def with_(self, oid: str) -> Sequence[Person] | None:
        """The people among whose communications those of an addressable are; None for everybody."""
        joined = oid in self._joined.values()
        return None if joined else self._book.behind(oid)

    def concerns(self, entry: Entry, oid: str) -> bool:
        participants = self.shown(entry)["participants"]
        return any((each["addressable"] or {}).get("oid") == oid for each in participants)

    def patch(self, entry: Entry, operations: Sequence[JsonObject]) -> str | None:
        """Carry the operations out; gives what that was, None if nothing is another by it.

        "anonymise" if the person's identity left the record, "change" for all else.
        """
        written = self._written(entry)
        before = {**written, **self._changed.get(entry.oid, {})}
        after = patched(before, operations, call_log.PATCHABLE, self._book.new_oid)
        after["participants"] = self._with_oids(after["participants"], before["participants"])
        if after == before:
            return None
        self._changed[entry.oid] = {
            name: value for name, value in after.items() if written.get(name, _NONE) != value
        }
        was = entry.oid in self._anonymous
        (self._anonymous.discard if self._names(after, entry) else self._anonymous.add)(entry.oid)
        return "anonymise" if not was and entry.oid in self._anonymous else "change"

    def _with_oids(self, participants: object, before: Sequence[JsonObject]) -> list[JsonObject]:
        """One that was sent without an OID keeps that of its equal, so that a repeat changes nothing."""
        if not isinstance(participants, list) or not all(isinstance(p, dict) for p in participants):
            raise invalid("participants")
        fresh = {
            "objectType": "Addressee",
            "commonName": "",
            "role": "",
            "address": "",
            "addressable": None,
        }
        complete = [{**fresh, **each} for each in participants]
        known = {repr(_without_oid(each)): each["oid"] for each in before}
        return [
            {"oid": known.get(repr(_without_oid(each))) or self._book.new_oid(), **each}
            for each in complete
        ]

    def _names(self, content: JsonObject, entry: Entry) -> bool:
        """Whether a record still says whose it is: a name, a number, an object of the person.

        What it says of the other party is not about the person, even if they are namesakes.
        """
        own, other = self._own_party(entry), party(other_end(entry.call, self._book.others))
        telling = {
            *(own.name, own.oid, stored(entry.person.name.full), entry.person.xelion_id),
            *(line.number for line in entry.person.lines),
        } - {other.name}
        said = f"{content['subject']} {content['contents']} {content['participants']}"
        return any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", said) for each in telling if each)

    def note(self, entry: Entry, changes: JsonObject) -> None:
        """Set what the system itself sets."""
        self._changed[entry.oid] = {**self._changed.get(entry.oid, {}), **changes}

    def join(self, unknown: str, real: str) -> None:
        self._joined[unknown] = real

    def has_sound(self, entry: Entry) -> bool:
        return (entry.voicemail or entry.recorded) and entry.oid not in self._silent

    def remove_by_hand(self, entry: Entry) -> None:
        """The sound where there is some, and else the whole communication."""
        (self._silent if self.has_sound(entry) else self._removed).add(entry.oid)

    def held(self, person: Person) -> dict[Category, int]:
        calls = len(self._history.of(person, voicemail=False))
        voicemails = len(self._history.of(person, voicemail=True))
        gone = self._of(person, self._removed)
        silent = gone | self._of(person, self._silent)
        recordings = self._history.recorded(person)
        anonymous = gone | self._of(person, self._anonymous)
        return {
            Category.COMMUNICATION_METADATA: calls + voicemails - len(anonymous),
            Category.VOICEMAIL: voicemails - sum(call_log.place_of(oid)[1] for oid in silent),
            Category.RECORDING: len(recordings - silent),
        }

    def _of(self, person: Person, oids: set[int]) -> set[int]:
        return {oid for oid in oids if call_log.place_of(oid)[0] == person.position}


def _without_oid(participant: JsonObject) -> list[tuple[str, object]]:
    return sorted((name, value) for name, value in participant.items() if name != "oid")


def _without_contents(attachment: JsonObject) -> JsonObject:
    return {name: value for name, value in attachment.items() if name != "contentsB64String"}


def _label(participants: Sequence[JsonObject], date: str) -> str:
    """As lists show it: `Wesley <- Micha , 2021-06-29`, with whatever names are left."""
    by_role = {str(each["role"]): str(each["commonName"]) for each in participants}
    return f"{by_role.get('rtTo', '')} <- {by_role.get('rtFrom', '')} , {date[:10]}"
