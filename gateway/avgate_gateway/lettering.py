"""Makes the letters of requests, and keeps every version: the same words are the same bytes."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import orjson

from avgate_gateway import confidential
from avgate_gateway.flow.context import Context
from avgate_gateway.letter import Content, written
from avgate_gateway.letter.rendering import Printer
from avgate_gateway.letter_facts import gathered
from avgate_gateway.registry import Installed
from avgate_gateway.request import Confidential, SubjectRequest
from avgate_gateway.retention.term import local_day
from avgate_gateway.settings.destination import Destination
from avgate_gateway.store import evidence, letters, requests
from avgate_gateway.store.connection import Connection
from avgate_gateway.store.letters import Letter
from avgate_gateway.vault import SUBJECT_KEY, Box

_BASIS = "letter basis"


class GoneError(Exception):
    """The key of what is kept of the person was destroyed, and the letters with it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which letter is wanted, and by which client."""

    language: str
    providers: bool
    by: str


@dataclass(frozen=True, slots=True)
class Made:
    """A version with its PDF."""

    letter: Letter
    pdf: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letters:
    """The letters of all requests."""

    context: Context
    installed: Mapping[str, Installed]
    destinations: Mapping[tuple[str, str], Destination] = field(default_factory=dict)
    printer: Printer = field(default_factory=Printer)

    async def current(self, request: SubjectRequest, wish: Wish) -> Made:
        """The letter as it is now: the version that says so already, or a new one.

        Whoever loses the race for a number looks again, and finds what the winner made. Raises
        GoneError, and LetterTooSlowError.
        """
        while True:
            now = self.context.now()
            async with self.context.database.read() as db:
                box, person = await self._opened(db, request.id)
                content = await self._content(db, request, person, wish)
                known = await letters.of_request(db, request.id)
                basis = _basis(box, content)
                if found := _same(known, wish, basis):
                    return await _kept(db, box, found)
            letter = content.to_json(local_day(now))
            pdf = await self.printer.pdf(letter, now)
            made = Letter(
                request.id, len(known) + 1, wish.language, wish.providers, basis, now, len(pdf),
                sha256(pdf).hexdigest(),
            )  # fmt: skip
            if await self._keep(request, made, pdf, wish.by):
                return Made(made, pdf)

    async def listed(self, request_id: str) -> Sequence[Letter]:
        """All versions, the oldest first."""
        async with self.context.database.read() as db:
            return await letters.of_request(db, request_id)

    async def version(self, request_id: str, version: int) -> Made | None:
        """A version as it was made; None where there is none. Raises GoneError."""
        async with self.context.database.read() as db:
            known = await letters.of_request(db, request_id)
            found = next((one for one in known if one.version == version), None)
            if found is None:
                return None
            box, _ = await self._opened(db, request_id)
            return await _kept(db, box, found)

    async def _keep(self, request: SubjectRequest, made: Letter, pdf: bytes, by: str) -> bool:
        """Whether the version was still to be had, and now is this letter's."""
        async with self.context.database.write(request.id) as db:
            box, _ = await self._opened(db, request.id)
            known = await letters.of_request(db, request.id)
            if len(known) + 1 != made.version:
                return False
            await letters.add(db, made, box.seal(pdf, _place(made)))
            await evidence.note(
                db, made.made_at, request, "letter.made",
                {"version": made.version, "language": made.language, "sha256": made.sha256, "by": by},
            )  # fmt: skip
        return True

    async def _opened(self, db: Connection, request_id: str) -> tuple[Box, Confidential]:
        sealed = await requests.sealed(db, request_id)
        if sealed.subject_key is None or sealed.confidential is None:
            raise GoneError
        box = self.context.vault.box(sealed.subject_key, request_id, SUBJECT_KEY)
        plain = box.open(sealed.confidential, confidential.CONTEXT)
        return box, confidential.from_bytes(plain)

    async def _content(
        self, db: Connection, request: SubjectRequest, person: Confidential, wish: Wish
    ) -> Content:
        facts = await gathered(
            db,
            self.context,
            self.installed,
            request,
            person,
            destinations=self.destinations,
            providers=wish.providers,
        )
        return written(facts, wish.language)


def _basis(box: Box, content: Content) -> str:
    """A digest of what a letter says, which nobody can try out once the request's key is gone."""
    plain = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hmac.digest(box.digest_key(_BASIS), plain, "sha256").hex()


def _same(known: Sequence[Letter], wish: Wish, basis: str) -> Letter | None:
    """The newest version of this kind, if it says the same."""
    alike = [
        one for one in known if (one.language, one.providers) == (wish.language, wish.providers)
    ]
    return alike[-1] if alike and alike[-1].basis == basis and alike[-1].is_kept else None


async def _kept(db: Connection, box: Box, found: Letter) -> Made:
    sealed = await letters.box(db, found.request_id, found.version)
    if sealed is None:
        raise GoneError
    return Made(found, box.open(sealed, _place(found)))


def _place(letter: Letter) -> str:
    return f"letter {letter.version}"
