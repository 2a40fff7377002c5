"""What a recording keeps: nothing that is not allowed, and stand-ins for all the rest.

A connector can send only what it was given: its settings, whom to look for, and what it was
answered. Words of its requests that are none of those are its own, so they stay readable; every
word of an answer is changed unless the member that holds it is one that holds codes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from avgate_contracts.kit.blank import blank
from avgate_contracts.kit.body import Change, Kind, Leaf, Place, changed, in_utf8, kind_of
from avgate_contracts.kit.disguise import Disguise
from avgate_contracts.kit.learning import Learned, learned
from avgate_contracts.kit.member import SECRET, Members
from avgate_contracts.kit.own import own_ids
from avgate_contracts.kit.secret import secrets_of
from avgate_contracts.kit.tape import Interaction, Tape

S = TypeVar("S", bound=BaseModel)

_SENT = frozenset(
    {"accept", "content-type", "idempotency-key", "if-match", "if-none-match", "prefer", "range"}
)
_ANSWERED = frozenset(
    {"allow", "content-range", "content-type", "etag", "last-modified", "link", "location"}
    | {"retry-after", "x-total-count"}
)
_AS_IT_IS = frozenset({"accept", "allow", "content-range", "prefer", "range", "retry-after"})


class CompressedError(Exception):
    """An upstream compressed its answer: nothing in it could be found, so nothing is recorded."""


@dataclass(frozen=True)
class Given:
    """What the connector was given for the recording: as the real world has it."""

    texts: Collection[str] = field(default=(), repr=False)  # of the subject, the stranger, changes
    secrets: Collection[str] = field(default=(), repr=False)


_NOTHING = Given()
_SHORTEST = 4  # characters of a secret that can be looked for inside other texts


@dataclass(frozen=True)
class Redaction:
    """What an author adds to the rules, which is seldom needed.

    `keep`: members whose values stay, because the connector branches on them: `status`, or
    `partyCharacteristic.name` for one below another. Addresses and numbers in them go all the same.
    `names`: members that are a person's though they do not look it, short numbers for one.
    `headers`: names of headers that stay. `salt`: another one where two values came to one.
    """

    keep: Collection[str] = frozenset()
    names: Collection[str] = frozenset()
    headers: Collection[str] = frozenset()
    salt: str = ""

    def __post_init__(self) -> None:
        for name in ("keep", "names", "headers"):
            object.__setattr__(self, name, frozenset(getattr(self, name)))

    def fake(self, value: str) -> str:
        """What a value is called in the recordings."""
        return Disguise(self.salt, learned=frozenset()).data(value)

    def settings(self, kind: type[S], given: Mapping[str, Any]) -> S:
        """The settings of a replay: other hosts and secrets, and the rest as it was given.

        A setting that would not be valid with its stand-in stays as it is.
        """
        real = kind.model_validate(given)
        hidden = dict.fromkeys(secrets_of(real).values(), SECRET)
        disguise = Disguise(self.salt, learned=frozenset(), values=hidden)
        made = {name: _each(value, disguise) for name, value in given.items()}
        try:
            return kind.model_validate(made)
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
        return kind.model_validate({n: given[n] if n in wrong else v for n, v in made.items()})

    def redacted(self, tape: Tape, given: Given = _NOTHING) -> Tape:
        """The recording with stand-ins; run it over the whole, so that the same stays the same.

        Raises CompressedError, and ClashError if two values would come to one.
        """
        tape = replace(tape, interactions=tuple(map(_readable, tape.interactions)))
        members = Members(self.keep, self.names)
        secrets = (each for each in given.secrets if len(each) >= _SHORTEST and each not in SECRET)
        hidden = dict.fromkeys(sorted(secrets, key=len, reverse=True), SECRET)
        own = own_ids(tape.interactions, given.texts)  # each is settled by a replay: see `own`
        disguise = Disguise(self.salt, hidden=hidden, own=own)
        known = learned(tape, given.texts, members, disguise)
        redactor = _Redactor(members, _knowing(disguise, known), self.headers)
        return replace(tape, interactions=tuple(map(redactor.interaction, tape.interactions)))


def fake(value: str) -> str:
    """What a value is called in recordings that were made by the rules as they are."""
    return Redaction().fake(value)


def _readable(one: Interaction) -> Interaction:
    sent = one.request_headers.get("content-type", "").lower()
    answered = one.headers.get("content-type", "").lower()
    return replace(
        one,
        request_body=in_utf8(one.request_body, sent),
        body=in_utf8(one.body, answered),
    )


def _knowing(disguise: Disguise, known: Learned) -> Disguise:
    return replace(disguise, learned=known.words, values=known.values)


def _each(value: Any, disguise: Disguise) -> Any:
    if isinstance(value, str):
        return disguise.written(value)
    if isinstance(value, Mapping):
        return {name: _each(inner, disguise) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_each(inner, disguise) for inner in value]
    return value


@dataclass(frozen=True)
class _Redactor:
    members: Members
    disguise: Disguise
    headers: Collection[str]

    def interaction(self, one: Interaction) -> Interaction:
        if one.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise CompressedError("an upstream compressed its answer, so it cannot be recorded")
        return Interaction(
            method=one.method,
            url=self.disguise.url(one.url, self._queried),
            request_headers=self._kept(one.request_headers, _SENT),
            request_body=self._body(one.request_body, one.request_headers, self._sent),
            status=one.status,
            headers=self._kept(one.headers, _ANSWERED),
            body=self._body(one.body, one.headers, self._answered),
        )

    def _queried(self, name: str, value: str) -> str:
        return str(self._sent((name,), value))

    def _sent(self, place: Place, leaf: Leaf) -> Leaf:
        return self.members.changed(place, leaf, self.disguise, sent=True)

    def _answered(self, place: Place, leaf: Leaf) -> Leaf:
        return self.members.changed(place, leaf, self.disguise, sent=False)

    def _body(self, body: bytes, headers: Mapping[str, str], change: Change) -> bytes:
        media_type = headers.get("content-type", "").lower()
        if kind_of(body, media_type) in {Kind.BINARY, Kind.PAGE}:
            return blank(media_type)
        return changed(body, media_type, change)

    def _kept(self, headers: Mapping[str, str], allowed: Iterable[str]) -> Mapping[str, str]:
        return {
            name: self._header(name, value)
            for name, value in headers.items()
            if name in allowed or name in self.headers
        }

    def _header(self, name: str, value: str) -> str:
        if name in _AS_IT_IS or name in self.headers:
            return self.disguise.without_secrets(value)
        if name == "content-type":
            return _media_type(value)
        return self.disguise.written(value)


def _media_type(value: str) -> str:
    kind, _, more = value.partition(";")
    return f"{kind}; charset=utf-8" if "charset" in more.lower() else kind.strip()
