"""The gateway's description as programs read it that make clients: what they stumble over is not in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any
from urllib.parse import unquote

from .gateway_document import DESCRIBED

DOCUMENT: dict[str, Any] = json.loads(DESCRIBED.read_text("utf-8"))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
# RFC 3986 section 3.5; a generator that keeps to it refuses the whole document for a brace.
_FRAGMENT = re.compile(r"#(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-Fa-f]{2})*\Z")


def test_every_schema_has_a_name_of_its_own_that_says_nothing_of_our_modules() -> None:
    """Generators name classes by titles, and leave out the calls of one that is there twice."""
    assert not [name for name in SCHEMAS if "avgate" in name or "__" in name]
    titles = Counter(schema.get("title", name) for name, schema in SCHEMAS.items())
    assert not [title for title, count in titles.items() if count > 1]


def test_every_link_is_a_reference_and_leads_to_a_call() -> None:
    links = [
        link["operationRef"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert links
    for link in links:
        assert _FRAGMENT.match(link), link
        found = DOCUMENT
        for part in unquote(link).removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        assert "responses" in found
