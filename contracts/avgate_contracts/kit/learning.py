"""What the answers of a recording hold, so that it is known again where a connector sends it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from avgate_contracts.kit.body import Place, leaves
from avgate_contracts.kit.disguise import Disguise
from avgate_contracts.kit.member import Members
from avgate_contracts.kit.pattern import RUNS, TEXT, folded
from avgate_contracts.kit.tape import Tape

_WORD, _NUMBER = 3, 5  # letters and digits from which a part of a text is worth knowing


class ClashError(Exception):
    """Two values would be called the same, and no replay could tell them apart."""


@dataclass(frozen=True)
class Learned:
    """Words, folded, and numbers; and whole values that their member's name decided about."""

    words: frozenset[str]
    values: Mapping[str, str]


def learned(tape: Tape, given: Collection[str], members: Members, disguise: Disguise) -> Learned:
    """All that is held of somebody, by the answers and by what the connector was given.

    Raises ClashError.
    """
    words = {word for text in given for word in _words(text)}
    values: dict[str, str] = {}
    stand_ins: dict[str, tuple[str, Place]] = {}
    for place, text in _texts(tape):
        special = members.special(place, text, disguise)
        if isinstance(special, str):
            values.setdefault(text, special)
        elif not members.is_code(place, text):
            words.update(_words(text))
            _check(disguise.data(text), text, place, stand_ins)
    return Learned(frozenset(words), values)


def _texts(tape: Tape) -> Iterator[tuple[Place, str]]:
    for one in tape.interactions:
        for place, leaf in leaves(one.body, one.headers.get("content-type", "").lower()):
            if isinstance(leaf, str):
                yield place, leaf


def _words(text: str) -> Iterator[str]:
    for found in TEXT.finditer(text):
        if found.lastgroup in {"run", "number"}:
            for part in RUNS.findall(found[0]):
                if len(part) >= (_NUMBER if part[0] in "0123456789" else _WORD):
                    yield folded(part)


def _check(made: str, text: str, place: Place, seen: dict[str, tuple[str, Place]]) -> None:
    plain = "".join(folded(text).split())
    other, where = seen.setdefault("".join(folded(made).split()), (plain, place))
    if other != plain:
        raise ClashError(
            f"two values, of {'.'.join(where) or 'a text'} and {'.'.join(place) or 'a text'}, would "
            "be called the same; give the Redaction another salt"
        )
