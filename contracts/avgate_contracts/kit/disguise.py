"""Texts and addresses with stand-ins in the place of all that may be a person's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from avgate_contracts.kit import fake
from avgate_contracts.kit.pattern import (
    AFTER_ALL,
    MEDIA_TYPE,
    TEXT,
    composed,
    digits_of,
    folded,
    is_bsn,
    is_ip,
    is_plain_name,
)
from avgate_contracts.kit.phone import number_read
from avgate_contracts.kit.query import changed_pairs

Named = Callable[[str, str], str]
_RELATIVE = re.compile(r"/[^\s/][^\s]*")
# RFC 3986, appendix B; a fragment never reaches an upstream, and is left out.
_ADDRESS = re.compile(r"(?:([^:/?#]+://)([^/?#]*))?([^?#]*)(\??)([^#]*)(?:#.*)?", re.DOTALL)
_ROUNDS = 6  # two, but for texts that make no sense
_SEGMENT = "-._~!$&'()*+,;=:@"  # what may stand in a path as it is: RFC 3986 section 3.3


@dataclass(frozen=True)
class Disguise:
    """How a text is changed.

    `learned` are the words, folded, that are changed where a connector's own code may have written
    them: in paths, queries and bodies that it sends. None is every word. `values` says for whole
    values what they come to, `hidden` for parts of any text. `own` are ids that stay.
    """

    salt: str = ""
    learned: frozenset[str] | None = None
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    hidden: Mapping[str, str] = field(default_factory=dict, repr=False)
    own: frozenset[str] = frozenset()

    def data(self, text: str) -> str:
        """What an upstream holds: every word is changed."""
        return self._changed(text, self._word)

    def written(self, text: str) -> str:
        """What a connector sends: a word is changed only if it was learned."""
        return self._changed(text, self._learned_word)

    def evident(self, text: str) -> str:
        """What its author lets stay: only what is plainly somebody's is changed."""
        return TEXT.sub(
            lambda found: self._evident(str(found.lastgroup), found[0]), self.without_secrets(text)
        )

    def without_secrets(self, text: str) -> str:
        """The same text, with other secrets."""
        for secret, other in self.hidden.items():
            text = text.replace(secret, other)
        return text

    def url(self, text: str, named: Named | None = None) -> str:
        """An address or a reference within one; `named` changes the members of its query."""
        scheme, netloc, whole_path, asks, query = _ADDRESS.fullmatch(text).groups("")  # type: ignore[union-attr]  # it fits any text
        host = fake.host(netloc, self.salt) if netloc else ""
        path = "/".join(self._segment(each) for each in whole_path.split("/"))
        return f"{scheme}{host}{path}{asks}{self.query(query, named)}"

    def query(self, text: str, named: Named | None = None) -> str:
        """A query, or a form; what is not changed is written as it was."""
        change = named or (lambda _, value: self.written(value))
        return changed_pairs(text, lambda name, value: (self.name(name), change(name, value)))

    def name(self, text: str) -> str:
        """The name of a member; changed only where it looks like data."""
        return text if is_plain_name(text) else self.data(text)

    def _segment(self, raw: str) -> str:
        plain = unquote(raw)
        new = self.written(plain)
        return raw if new == plain else quote(new, safe=_SEGMENT)

    def _changed(self, text: str, words: Callable[[str], str]) -> str:
        """Until nothing changes any more: what was changed can look like something else."""
        for _ in range(_ROUNDS):
            before, text = text, self._once(text, words)
            if text == before:
                break
        return text

    def _once(self, text: str, words: Callable[[str], str]) -> str:
        if text in self.values:
            return self.values[text]
        text = composed(self.without_secrets(text))
        if MEDIA_TYPE.fullmatch(text) and not fake.is_in(text):
            return text
        if _RELATIVE.fullmatch(text):
            return self.url(text)
        return TEXT.sub(lambda found: self._part(str(found.lastgroup), found[0], words), text)

    def _part(self, kind: str, text: str, words: Callable[[str], str]) -> str:
        if text in self.own or kind == "moment":
            return text
        if kind == "url":
            return self.url(text)
        if kind == "run":
            return fake.run(text, self.salt, words)
        if _FITS[kind](text):
            return _MADE[kind](text, self.salt)
        return AFTER_ALL.sub(lambda found: self._part(str(found.lastgroup), found[0], words), text)

    def _evident(self, kind: str, text: str) -> str:
        digits = digits_of(text)
        number = kind in {"number", "run"} and digits == text.lstrip("+")
        if kind in {"email", "jwt", "iban"} and _FITS[kind](text):
            return _MADE[kind](text, self.salt)
        if number and (is_bsn(digits) or number_read(text, digits) is not None):
            return fake.number(text, self.salt)
        return text

    def _word(self, text: str) -> str:
        return fake.word(text, self.salt)

    def _learned_word(self, text: str) -> str:
        known = self.learned is None or folded(text) in self.learned
        return fake.word(text, self.salt) if known else text


def _always(_: str) -> bool:
    return True


_MADE: Mapping[str, Callable[[str, str], str]] = {
    "jwt": fake.token,
    "email": fake.email,
    "uuid": fake.uuid,
    "mac": fake.mac,
    "ip": fake.ip,
    "iban": fake.iban,
    "postcode": fake.postcode,
    "base64": fake.token,
    "number": fake.number,
}
_FITS: Mapping[str, Callable[[str], bool]] = {
    **dict.fromkeys(_MADE, _always),
    "ip": lambda text: "." in text or is_ip(text),
    "iban": fake.is_iban_like,
    "base64": fake.is_base64_like,
}
