"""What Xelion sends of a call, a message or a voicemail (communications_get.html)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import Field

from avgate_xelion.models import Link, Many, Moment, Oid, Sent


class Participant(Sent):
    """One end of a communication (Addressee)."""

    oid: Oid
    common_name: str | None = None
    address: str | None = None
    addressable: Link | None = None


class File(Link):
    """What was sent along with a message, without its contents (communications_get.html)."""

    common_name: str | None = None


class FileContents(Link):
    """The same with its contents."""

    contents_b64_string: bytes = Field(alias="contentsB64String")


class CommunicationRow(Sent):
    """What a list says of a communication."""

    oid: Oid
    date: Moment


class Communication(CommunicationRow):
    """A call, message or voicemail in full."""

    subject: str | None = None
    contents: Any = None
    participants: list[Participant]  # always said: who took part is all that tells whose it is
    attachments: Many[File] = Field(default_factory=list)
    has_attachment: bool = False
    associated_addressable: Link | None = None
    call_answer_time: str | None = None
    voicemail: bool | None = None

    @property
    def may_have_sound(self) -> bool:
        """No field is documented to tell; a call that was missed has none."""
        return bool(self.voicemail) or self.call_answer_time is not None

    @property
    def has_text(self) -> bool:
        return bool(self.subject or self.contents) or self.has_files

    @property
    def has_files(self) -> bool:
        """Whether something was sent along, named or not."""
        return bool(self.attachments) or self.has_attachment

    def ends(
        self, addressables: frozenset[str], known: frozenset[str] = frozenset()
    ) -> list[Participant]:
        """The participants that lead to one of these objects, or are themselves known by OID."""
        return [
            each
            for each in self.participants
            if each.oid in known or (each.addressable and each.addressable.oid in addressables)
        ]

    def belongs_to(self, addressables: frozenset[str]) -> bool:
        link = self.associated_addressable
        return link is not None and link.oid in addressables

    def mentions(self, words: Iterable[str]) -> bool:
        """Whether one of the words stands anywhere in it, as a word of its own."""
        text = json.dumps(self.sent(), ensure_ascii=False)
        return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words)


def words(participants: Sequence[Participant]) -> frozenset[str]:
    """What names these participants."""
    found = (word for each in participants for word in (each.common_name, each.address))
    return frozenset(word for word in found if word)
