"""What the name of a member says about its value."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from avgate_contracts.kit.body import Leaf, Place
from avgate_contracts.kit.disguise import Disguise
from avgate_contracts.kit.fake import drawn
from avgate_contracts.kit.pattern import digits_of

SECRET = "secret"  # noqa: S105 -- what stands for every secret
_LONG = 8  # digits from which a bare number may be somebody's
_EPOCHS = (range(1_500_000_000, 2_000_000_000), range(1_500_000_000_000, 2_000_000_000_000))

# Members whose values are words out of a list, whoever it is about.
_CODES = frozenset(
    {"type", "kind", "status", "state", "code", "method", "rel", "role", "currency", "country"}
    | {"language", "locale", "unit", "scope", "version", "direction", "channel", "algorithm"}
)
_CODE = re.compile(r"[A-Za-z][A-Za-z_.:/ -]{0,40}|[A-Za-z][A-Za-z0-9_.:/-]{0,20}|[0-9]{1,4}")
_WORDS = re.compile(r"[A-Z]*[a-z]+|[A-Z]+|[0-9]+")
_TOKEN = re.compile(r"token-[0-9]{4}")
_TOKENS = re.compile(
    r"token|assertion|cookie|^authentication$|^session(?:[_-]?id)?$", re.IGNORECASE
)
_SECRETS = re.compile(
    r"passw|passphrase|secret|credential|(?:api|private|signing)[_-]?key|^pin$|^otp$|verifier$"
    r"|^authorization$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:type|url|uri|endpoint|expires?|[_-]in|[_-]at|lifetime|name|[_-]id)$", re.IGNORECASE
)
_BIRTH = re.compile(r"birth|geboorte|^dob$", re.IGNORECASE)
_SPOT = re.compile(r"^(?:lat|lon|lng|latitude|longitude)$", re.IGNORECASE)


@dataclass(frozen=True)
class Members:
    """The rules by name: the author's `keep` and `names`, and those that always hold."""

    keep: Collection[str]
    names: Collection[str]

    def changed(self, place: Place, leaf: Leaf, disguise: Disguise, *, sent: bool) -> Leaf:
        """What comes into the place of a leaf, in what a connector has sent or was answered."""
        special = self.special(place, leaf, disguise)
        if special is not None:
            return special
        if isinstance(leaf, str):
            if self.is_code(place, leaf):
                return disguise.without_secrets(leaf)
            return disguise.written(leaf) if sent else disguise.data(leaf)
        return _number(leaf, disguise)

    def special(self, place: Place, leaf: Leaf, disguise: Disguise) -> Leaf:
        """What its name alone makes of it; None if the name says nothing."""
        if not place or leaf is None or isinstance(leaf, bool):
            return None
        name = place[-1]
        if isinstance(leaf, str) and leaf and _is_secret(name):
            return SECRET if _SECRETS.search(name) else _token(leaf, disguise.salt)
        if _is_among(place, self.keep):
            return disguise.evident(leaf) if isinstance(leaf, str) else leaf
        if _BIRTH.search(name):
            return _born(leaf)
        if _is_among(place, self.names) or _SPOT.search(name):
            return _blunt(leaf, disguise)
        return None

    def is_code(self, place: Place, value: str) -> bool:
        """Whether it is a word out of a list, by its member's name and by its form."""
        words = _WORDS.findall(place[-1]) if place else []
        return bool(words) and words[-1].lower() in _CODES and _is_code(value)


def _is_code(value: str) -> bool:
    """Not the name of somebody, and not a number."""
    named = len(re.findall(r"(?<!\w)[A-Z][a-z]+", value)) > 1
    plain = not named and "//" not in value and len(digits_of(value)) <= 4
    return plain and _CODE.fullmatch(value) is not None


def _is_among(place: Place, entries: Collection[str]) -> bool:
    return any(place[-len(e) :] == e for e in (tuple(entry.split(".")) for entry in entries))


def _is_secret(name: str) -> bool:
    says = _SECRETS.search(name) or _TOKENS.search(name)
    return says is not None and not _ABOUT.search(name)


def _token(value: str, salt: str) -> str:
    if _TOKEN.fullmatch(value):
        return value
    return f"token-{drawn(salt, 'secret', value) % 10_000:04d}"


def _born(leaf: Leaf) -> Leaf:
    """The first of January 1970, in the form that the day has."""
    if not isinstance(leaf, str):
        return 1970 if isinstance(leaf, int) and 1000 < leaf < 3000 else 0
    day = re.sub(r"[0-9]{8}", "19700101", leaf)
    day = re.sub(r"(?<![0-9])[0-9]{4}(?![0-9])", "1970", day)
    return re.sub(r"(?<![0-9])[0-9]{1,2}(?![0-9])", "01", day)


def _blunt(leaf: Leaf, disguise: Disguise) -> Leaf:
    if isinstance(leaf, str):
        made = disguise.data(leaf)
        return re.sub(r"[0-9]", "9", re.sub(r"[^\W0-9_]", "x", leaf)) if made == leaf else made
    if isinstance(leaf, int):
        return int("9" * len(str(abs(leaf))))
    return 9.5


def _number(leaf: Leaf, disguise: Disguise) -> Leaf:
    """A bare number goes if it is as long as a phone number, or was seen as an id in a text."""
    if not isinstance(leaf, int) or isinstance(leaf, bool):
        return leaf
    text = str(abs(leaf))
    known = disguise.learned is not None and text in disguise.learned
    if any(leaf in epoch for epoch in _EPOCHS) or (len(text) < _LONG and not known):
        return leaf
    made = int(disguise.data(text))
    return made if leaf > 0 else -made
