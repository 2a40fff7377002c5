"""The records of the lean upstream: as the operator mock's, for people who are but a number.

A customer's number is +3185 and seven digits; their id at the operator is those seven. They have one
service, which ended in 2012, and a few calls of that year: all may be erased. +31850000000 is the
one with many call records and recordings.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

FEW_CALLS = 3
RICH = "0000000"
_BEGAN = datetime(2012, 1, 2, 9, 0, 7, tzinfo=UTC)
_CALL = (
    '{"id":"%(party)s-c%(number)d","usageDate":"%(at)s","usageType":"voice","status":"rated",'
    '"usageSpecification":{"id":"voice","name":"voice"},'
    '"relatedParty":[{"id":"%(party)s","role":"user","@referredType":"Individual"}],'
    '"ratedProductUsage":[{"isBilled":false,"usageRatingTag":"included usage","ratingDate":"%(at)s",'
    '"taxExcludedRatingAmount":{"unit":"EUR","value":0.0}}],'
    '"usageCharacteristic":[{"name":"direction","valueType":"string","value":"outgoing"},'
    '{"name":"aNumber","valueType":"string","value":"+3185%(party)s"},'
    '{"name":"bNumber","valueType":"string","value":"+3120%(other)07d"},'
    '{"name":"durationSeconds","valueType":"integer","value":%(seconds)d},'
    '{"name":"channel","valueType":"integer","value":27}%(more)s]}'
)
_AUDIO = ',{"name":"audio","valueType":"object","value":{"mimeType":"%s","href":"/audio/%d"}}'


@dataclass(slots=True)
class Records:
    """What the operator holds; what was deleted stays away."""

    calls: int = 0
    recordings: int = 0
    calls_each: int = FEW_CALLS
    media_type: str = "audio/mpeg"
    gone: set[str] = field(default_factory=set)

    def individual(self, party: str) -> dict[str, Any]:
        return {
            "id": party,
            "@type": "Individual",
            "givenName": "Joost",
            "familyName": "Wit",
            "status": "validated",
            "contactMedium": [
                {"mediumType": kind, "characteristic": {name: value}}
                for kind, name, value in (
                    ("telephone number", "phoneNumber", f"+3185{party}"),
                    ("email address", "emailAddress", f"customer{party}@example.org"),
                )
            ],
            "partyCharacteristic": [],
        }

    def product(self, party: str) -> dict[str, Any]:
        return {
            "id": f"{party}-p1",
            "name": "Voice Select",
            "status": "terminated",
            "startDate": "2012-01-01T00:00:00Z",
            "terminationDate": "2013-01-01T00:00:00Z",
            "productSpecification": {"id": "voice", "name": "voice"},
            "relatedParty": [{"id": party, "role": "user", "@referredType": "Individual"}],
            "productCharacteristic": [
                {"name": "phoneNumber", "valueType": "string", "value": f"+3185{party}"}
            ],
        }

    def usages(self, party: str, offset: int, limit: int) -> tuple[bytes, int]:
        """A page of them as JSON, and how many there are; a rich person's last are recordings."""
        if party != RICH:
            known = [
                number for number in range(self.calls_each) if f"{party}-c{number}" not in self.gone
            ]
            page = [self.usage(party, number) for number in known[offset : offset + limit]]
            return f"[{','.join(page)}]".encode(), len(known)
        total = self.calls + self.recordings
        page = [self.usage(party, number) for number in range(offset, min(offset + limit, total))]
        return f"[{','.join(page)}]".encode(), total

    def usage(self, party: str, number: int) -> str:
        is_recording = party == RICH and number >= self.calls
        at = _BEGAN + timedelta(seconds=17 * number)
        return _CALL % {
            "party": party,
            "number": number,
            "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "other": number * 7_919 % 10**7,
            "seconds": number % 3_600,
            "more": _AUDIO % (self.media_type, number) if is_recording else "",
        }

    def found(self, resources: list[dict[str, Any]]) -> bytes:
        """A list of what is still there."""
        return json.dumps([one for one in resources if one["id"] not in self.gone]).encode()
