"""What a recording holds that was never redacted: written in by hand, or recorded by other rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from avgate_contracts.kit.body import leaves
from avgate_contracts.kit.learning import ClashError
from avgate_contracts.kit.lint import Finding, place_told
from avgate_contracts.kit.redaction import CompressedError, Redaction
from avgate_contracts.kit.tape import Interaction, Tape

_KIND = "a value that was not redacted"


def residue(tape: Tape, file: str, redaction: Redaction) -> list[Finding]:
    """Where redacting once more would still change something; a stand-in stays what it is."""
    try:
        again = redaction.redacted(tape)
    except (ClashError, CompressedError) as error:
        return [Finding(file, "the whole", str(error))]
    found: dict[Finding, None] = {}
    pairs = zip(tape.interactions, again.interactions, strict=True)
    for number, (one, other) in enumerate(pairs, start=1):
        for where in _changed(one, other):
            found[Finding(file, f"interaction {number}, {where}", _KIND)] = None
    return list(found)


def _changed(one: Interaction, other: Interaction) -> Iterator[str]:
    if one.url != other.url:
        yield "the address"
    yield from (
        f"request, header {name}" for name in _names(one.request_headers, other.request_headers)
    )
    yield from (f"answer, header {name}" for name in _names(one.headers, other.headers))
    sides = (
        ("request", one.request_body, other.request_body, one.request_headers),
        ("answer", one.body, other.body, one.headers),
    )
    for side, before, after, headers in sides:
        if before != after:
            media_type = headers.get("content-type", "").lower()
            yield from (f"{side}, {place}" for place in _places(before, after, media_type))


def _names(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    return sorted(name for name in one if one[name] != other.get(name))


def _places(before: bytes, after: bytes, media_type: str) -> list[str]:
    pairs = zip(leaves(before, media_type), leaves(after, media_type), strict=False)
    places = {place_told(place) for (place, old), (_, new) in pairs if old != new}
    return sorted(places) or ["body"]
