"""Ids that a connector makes itself: out of a key, out of what it was told, or by chance.

It makes them of real values while it is recorded, and of stand-ins when it is replayed, so they
come out different. One replay right after the recording puts that right: `Settling`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

import httpx

from avgate_contracts.kit.fake import is_fake_id
from avgate_contracts.kit.replay import TapeTransport, answer
from avgate_contracts.kit.tape import Interaction, Tape

# A UUID, or a digest in hexadecimal: what standard libraries make of a text.
_ID = re.compile(
    r"(?<!\w)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?!\w)"
    r"|(?<!\w)(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{16,128}(?!\w)"
)
_KEY = "idempotency-key"
_UNKNOWN = "00000000-0000-5000-8000-000000000000"
Rename = Callable[[str], str]


def own_ids(interactions: Iterable[Interaction], given: Collection[str] = ()) -> frozenset[str]:
    """Ids in requests that no earlier answer had, nor anything that the connector was given."""
    told = {found for text in given for found in _ID.findall(text)}
    own: set[str] = set()
    for one in interactions:
        own.update(_sent(one) - told)
        told.update(_answered(one) - own)
    return frozenset(found for found in own if not is_fake_id(found))


def renamed(one: Interaction, rename: Rename) -> Interaction:
    """An interaction with other ids, in its request and in its answer."""
    return replace(
        one,
        url=_in(one.url, rename),
        request_headers={
            name: _in_key(value, rename) if name == _KEY else _in(value, rename)
            for name, value in one.request_headers.items()
        },
        request_body=_in_bytes(one.request_body, rename),
        headers={name: _in(value, rename) for name, value in one.headers.items()},
        body=_in_bytes(one.body, rename),
    )


class Settling(TapeTransport):
    """Replays a fresh recording once, whatever ids the connector makes now, and learns them.

    Played to its end, `settled` is the recording as every later replay needs it.
    """

    def __init__(self, tape: Tape, *, volatile: Collection[str] = (), salt: str = "") -> None:
        super().__init__(tape, volatile=volatile, salt=salt)
        self._own = own_ids(tape.interactions)
        self._now: dict[str, str] = {}  # by the id in the recording
        self._then: dict[str, str] = {}  # by the id of now
        found = (_answered(one) | _sent(one) for one in tape.interactions)
        self._known = frozenset().union(*found) - self._own
        self._compare(range(len(tape.interactions)))

    def settled(self) -> Tape:
        """The recording with the ids of now in the place of those of then."""
        return replace(self.tape, interactions=tuple(map(self._told, self.tape.interactions)))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer, with the ids that the connector made this time."""
        sent = _request(request, await request.aread())
        number = self._chosen(self._wanted(renamed(sent, self._masked_now)))
        self._learn(self.tape.interactions[number], sent)
        return answer(self._told(self.tape.interactions[number]))

    def _masked_now(self, found: str) -> str:
        if found in self._then:
            return self._then[found]
        return _UNKNOWN if self._is_new(found) else found

    def _masked_then(self, found: str) -> str:
        return _UNKNOWN if found in self._own and found not in self._now else found

    def _is_new(self, found: str) -> bool:
        return found not in self._known

    def _learn(self, recorded: Interaction, sent: Interaction) -> None:
        then = [found for found in _in_order(recorded) if self._masked_then(found) == _UNKNOWN]
        now = [found for found in _in_order(sent) if self._masked_now(found) == _UNKNOWN]
        news = dict(zip(then, now, strict=False))
        self._now |= news
        self._then |= {later: earlier for earlier, later in news.items()}
        if news:
            calls = enumerate(self.tape.interactions)
            self._compare([number for number, one in calls if _sent(one) & news.keys()])

    def _compare(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            one = renamed(self.tape.interactions[number], self._masked_then)
            self._recorded[number] = self._wanted(one)

    def _told(self, one: Interaction) -> Interaction:
        return renamed(one, lambda found: self._now.get(found, found))


def _in_order(one: Interaction) -> list[str]:
    """The ids of a request, each once; a key that has none is one itself."""
    key = one.request_headers.get(_KEY, "")
    keys = _ID.findall(key) or [key] * bool(key)
    texts = (one.url, one.request_body.decode("latin-1"))
    return list(dict.fromkeys((*keys, *(found for text in texts for found in _ID.findall(text)))))


def _sent(one: Interaction) -> set[str]:
    return set(_in_order(one))


def _answered(one: Interaction) -> set[str]:
    texts = (*one.headers.values(), one.body.decode("latin-1"))
    return {found for text in texts for found in _ID.findall(text)}


def _request(request: httpx.Request, body: bytes) -> Interaction:
    headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers.items()}
    return Interaction(request.method, str(request.url), headers, body, 0, {}, b"")


def _in(text: str, rename: Rename) -> str:
    return _ID.sub(lambda found: rename(found[0]), text)


def _in_key(key: str, rename: Rename) -> str:
    return _in(key, rename) if _ID.search(key) else rename(key)


def _in_bytes(body: bytes, rename: Rename) -> bytes:
    return _in(body.decode("latin-1"), rename).encode("latin-1")
