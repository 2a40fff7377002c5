"""Cassettes of conversations with Xelion: redacted before anything is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from zlib import crc32

from ..taping import named_only, taped

CASSETTES = Path(__file__).with_name("cassettes")
NEW_NAME = "Nieuwenhuis"
NAMES = frozenset(
    {
        "givenName", "familyName", "namePrefix", "initials", "name", "password",
        "street", "streetNumber", "zipCode", "city", "authentication", "renewalToken",
    }
)  # fmt: skip
TEXTS = frozenset({"commonName", "subject", "contents", "contentSummary"})
SILENCE = b"\xff\xfb\x90\xc4" + bytes(8)


def fake_digits(digits: str) -> str:
    return f"{crc32(digits.encode()) % 10_000_000:07d}"


def spoken(text: str) -> str:
    """Numbers and e-mail addresses made others, always the same for the same."""
    text = re.sub(
        r"((?:\+31|0031|\b0)[ -]?\d\d[ -]?)(\d{7})\b",
        lambda found: found[1] + fake_digits(found[2]),
        text,
    )
    return re.sub(
        r"[\w.]+@example\.\w+",
        lambda found: f"persoon{crc32(found[0].lower().encode()) % 1000}@example.org",
        text,
    )


def redacted(sent: Any, name: str = "") -> Any:
    if isinstance(sent, dict):
        return {key: redacted(value, key) for key, value in sent.items()}
    if isinstance(sent, list):
        return [redacted(value) for value in sent]
    if not isinstance(sent, str) or sent in ("", NEW_NAME):
        return sent
    if name in NAMES | TEXTS:
        return f"{name}-{crc32(sent.encode()) % 10_000}"
    return re.sub(r"//[^/]+/", "//xelion.example/", spoken(sent))


def redacted_body(body: bytes | str | None, name: str = "") -> str:
    if not body:
        return ""
    return json.dumps(redacted(json.loads(body), name), ensure_ascii=False)


def redact(request: Any, response: Any, _tape: Any) -> tuple[Any, Any]:
    """What a cassette keeps of an interaction: headers by name, and nobody's data."""
    request.uri = re.sub(r"//[^/]+", "//xelion.example", request.uri)
    name = "renewalToken" if request.path.endswith("/me/renew") else ""
    request.body = redacted_body(request.body, name)
    named_only(request, response, ("content-type",))
    sound = response["body"]["string"].startswith(b"\xff\xfb")
    content = SILENCE if sound else redacted_body(response["body"]["string"])
    response["body"] = {"string": content}
    return request, response


def tape(name: str) -> Any:
    return taped(CASSETTES / f"{name}.yaml", redact)
