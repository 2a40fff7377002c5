"""Mutants that no test could notice, each with the reason: they count in no score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Equivalent(NamedTuple):
    """Why it makes no difference that a line became one of others."""

    why: str
    was: str
    became: Sequence[str]


_DISJOINT = "the numbers have no bit in common, so it is their sum all the same"
EQUIVALENT: Mapping[str, Sequence[Equivalent]] = {
    "plan_erasure": [
        Equivalent(
            "of all actions `retain` is the last in the alphabet",
            "if located.leads_on and verdict.action is not Action.RETAIN:",
            ["if located.leads_on and verdict.action < Action.RETAIN:"],
        ),
    ],
    "claim": [
        Equivalent(
            "an empty list does not hold the audience either",
            "if policy.audience not in several or (len(several) > 1 and not policy.several_audiences):",
            [
                "if policy.audience not in several or (len(several) != 1 and not policy.several_audiences):"
            ],
        ),
    ],
    "address": [
        Equivalent(
            "what `_below` answers with begins with the base on both of its ways",
            "if prefix != self._prefix or sent != asked or not has_exactly(below_it, path, ids):",
            [
                "if prefix < self._prefix or sent != asked or not has_exactly(below_it, path, ids):",
                "if prefix > self._prefix or sent != asked or not has_exactly(below_it, path, ids):",
            ],
        ),
        Equivalent(
            "the library reads the same in an address that is read without it, only slower",
            "if len(whole) <= _LONG and _AS_WRITTEN.fullmatch(whole):",
            [
                "if len(whole) < _LONG and _AS_WRITTEN.fullmatch(whole):",
                "if len(whole) == _LONG and _AS_WRITTEN.fullmatch(whole):",
                "if len(whole) is _LONG and _AS_WRITTEN.fullmatch(whole):",
            ],
        ),
        Equivalent(
            "below its usual port a scheme may call none: `Destinations` refuses it",
            "known = (host, port) in self._hosts or (port == usual and (host, None) in self._hosts)",
            [
                "known = (host, port) in self._hosts or (port <= usual and (host, None) in self._hosts)"
            ],
        ),
        Equivalent(
            "a scheme without a usual port has been refused by then",
            "self._vet(Origin(url.scheme, host, port or 0))",
            [f"self._vet(Origin(url.scheme, host, port or {other}))" for other in (1, -1)],
        ),
        Equivalent(
            "the library reads the same in an address that is read without it, only slower",
            "_LONG = 4096  # characters; what is longer than this is for the library to judge",
            [
                f"_LONG = {other}  # characters; what is longer than this is for the library to judge"
                for other in (4095, 4097)
            ],
        ),
    ],
    "compact": [
        Equivalent(
            "no text is shorter than empty",
            "if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_KID:",
            ["if not isinstance(kid, str) or not 0 != len(kid) <= _LONGEST_KID:"],
        ),
    ],
    "trusted_key": [
        Equivalent(
            "no member of a key that anything reads sorts before `alg`",
            'key = JWKRegistry.import_key({name: jwk[name] for name in jwk if name != "alg"})',
            ['key = JWKRegistry.import_key({name: jwk[name] for name in jwk if name > "alg"})'],
        ),
        Equivalent(
            "no algorithm is of two kinds of keys, so a set that holds all of one is that one",
            "return possible if possible == _EDWARDS else frozenset({str(named)})",
            [
                "return possible if possible <= _EDWARDS else frozenset({str(named)})",
                "return possible if possible >= _EDWARDS else frozenset({str(named)})",
            ],
        ),
        Equivalent(
            "it is the first of its kind's curves in the alphabet",
            'case OKPKey() if key.curve_name == "Ed25519":',
            ['case OKPKey() if key.curve_name <= "Ed25519":'],
        ),
        Equivalent(
            "it is the first of its kind's curves in the alphabet",
            'case ECKey() if key.curve_name == "P-256":',
            ['case ECKey() if key.curve_name <= "P-256":'],
        ),
        Equivalent(
            "a kind that sorts behind it cannot be read, with a modulus or without",
            'if jwk.get("kty") == "RSA":',
            ['if jwk.get("kty") >= "RSA":'],
        ),
    ],
    "plan_rectification": [
        Equivalent(
            "a set has never more members than what it was made of",
            "if len({change.name for change in wanted}) != len(wanted):",
            ["if len({change.name for change in wanted}) < len(wanted):"],
        ),
        Equivalent(
            "some value was said, so no smaller set is within one member",
            "if said == {after} or (not meant and after in said):",
            ["if said <= {after} or (not meant and after in said):"],
        ),
        Equivalent(
            "where none is meant it has been answered two lines above",
            "return Fit.CHANGE if len(meant) == 1 else Fit.SEVERAL",
            ["return Fit.CHANGE if len(meant) <= 1 else Fit.SEVERAL"],
        ),
        Equivalent(
            "of one value the last is the first",
            "wanted.name, fit, held, before[0].spelt if len(before) == 1 else None, wanted.after",
            [
                "wanted.name, fit, held, before[ -1].spelt if len(before) == 1 else None, wanted.after"
            ],
        ),
    ],
    "path": [
        Equivalent(
            "both are of one length where it comes to that",
            "for want, sent in zip(wanted, made, strict=True)",
            ["for want, sent in zip(wanted, made, strict=False)"],
        ),
        Equivalent(
            "no text sorts before the empty one",
            'is_whole = decoded.strip(".") != "" and not _LEADS_ON.intersection(decoded)',
            ['is_whole = decoded.strip(".") > "" and not _LEADS_ON.intersection(decoded)'],
        ),
    ],
    "entry": [
        Equivalent(
            "what is remembered is worded the same when it is worded again",
            "@lru_cache(256)",
            ["", "@lru_cache( 255)", "@lru_cache( 257)"],
        ),
    ],
    "stretch": [
        Equivalent(
            "of the two words that come so far it is the later in the alphabet",
            'if event == "effect.intended":',
            ['if event >= "effect.intended":'],
        ),
    ],
    "tree": [
        Equivalent("of one root the last is the first", "return level[0]", ["return level[ -1]"]),
        Equivalent(
            "it leaves no remainder, and a chain has fewer entries than a float has whole numbers",
            "complete = self.size // leaves",
            ["complete = self.size / leaves"],
        ),
        Equivalent(
            "no remainder is below zero",
            "while complete % 2 == 0:",
            ["while complete % 2 <= 0:"],
        ),
        Equivalent(
            "what holds a leaf is never empty",
            "if end - begin == 1:",
            ["if end - begin <= 1:"],
        ),
        Equivalent(
            "where a subtree begins is a multiple of the power of two that its left half has",
            "middle = begin + split(end - begin)",
            ["middle = begin | split(end - begin)", "middle = begin ^ split(end - begin)"],
        ),
        Equivalent(
            "a level is never empty",
            "while len(level) > 1:",
            ["while len(level) != 1:"],
        ),
        Equivalent(
            "the place of a left one is even",
            "pairs = [parent(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]",
            [
                "pairs = [parent(level[i], level[i | 1]) for i in range(0, len(level) - 1, 2)]",
                "pairs = [parent(level[i], level[i ^ 1]) for i in range(0, len(level) - 1, 2)]",
            ],
        ),
    ],
    "examination": [
        Equivalent(
            "stretches are joined in their order, so none ends before what was joined",
            "if stretch.number == self.number:",
            ["if stretch.number <= self.number:"],
        ),
        Equivalent(
            "no tree is smaller than empty",
            "longest = max(self.checkpoints, default=0)",
            ["longest = max(self.checkpoints, default= -1)"],
        ),
    ],
    "keyring": [
        Equivalent(
            _DISJOINT,
            "_HEAD = len(_FORMAT) + _ID_BYTES",
            ["_HEAD = len(_FORMAT) | _ID_BYTES", "_HEAD = len(_FORMAT) ^ _ID_BYTES"],
        ),
        Equivalent(
            _DISJOINT,
            "_NAMELESS_BYTES = _NONCE_BYTES + KEY_BYTES + 16",
            [
                "_NAMELESS_BYTES = _NONCE_BYTES | KEY_BYTES + 16",
                "_NAMELESS_BYTES = _NONCE_BYTES ^ KEY_BYTES + 16",
                "_NAMELESS_BYTES = _NONCE_BYTES + KEY_BYTES | 16",
                "_NAMELESS_BYTES = _NONCE_BYTES + KEY_BYTES ^ 16",
            ],
        ),
        Equivalent(
            "what is shorter is refused two lines below, with the name or without",
            "body = wrapped if len(wrapped) == _NAMELESS_BYTES else wrapped[_HEAD:]",
            ["body = wrapped if len(wrapped) <= _NAMELESS_BYTES else wrapped[_HEAD:]"],
        ),
        Equivalent(
            "what is longer has no right tag, and GCM says the same",
            "if len(body) != _NAMELESS_BYTES:",
            ["if len(body) < _NAMELESS_BYTES:"],
        ),
        Equivalent(
            "what is shorter was wrapped by nobody",
            "return len(wrapped) != _NAMELESS_BYTES and wrapped.startswith(self.newest.mark)",
            ["return len(wrapped) > _NAMELESS_BYTES and wrapped.startswith(self.newest.mark)"],
        ),
        Equivalent(
            "a cut of four bytes is not longer",
            "if not wrapped.startswith(_FORMAT) or len(wanted) != _ID_BYTES:",
            ["if not wrapped.startswith(_FORMAT) or len(wanted) < _ID_BYTES:"],
        ),
    ],
}


def changes(module: str) -> Mapping[tuple[str, str], str]:
    """The reasons, by the line as it was and as it became."""
    known = EQUIVALENT.get(module, ())
    return {(each.was, became): each.why for each in known for became in each.became}
