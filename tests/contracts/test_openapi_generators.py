"""The gateway's description as programs read it that make clients: what they stumble over is not in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from avgate_gateway.api.documentation import page
from avgate_gateway.opendsr.calling import KIND
from avgate_gateway.plan import Bucket
from avgate_gateway.webhooks.delivering import FAILING, GONE, WORDS
from avgate_gateway.webhooks.outlets import CALLBACK, WEBHOOK

from .gateway_document import DESCRIBED

DOCUMENT: dict[str, Any] = json.loads(DESCRIBED.read_text("utf-8"))
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
# RFC 3986 section 3.5; a generator that keeps to it refuses the whole document for a brace.
# What may be any JSON, with the reason: a client has it as a mapping of anything.
_FREE = {
    "EntryView.details": "each event of the chain has members of its own",
    "RemarkedEntryView.details": "likewise",
    "ResultView.data": "a record is as its connector made it",
}
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


def test_every_answer_in_json_says_what_is_in_it() -> None:
    """A generator makes `Any` of a schema that says nothing."""
    answered = {
        f"{method.upper()} {path} {status}": answer["content"]["application/json"].get("schema", {})
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
        for status, answer in operation["responses"].items()
        if status.startswith("2") and "application/json" in answer.get("content", {})
    }
    assert answered
    found = {where for at, schema in answered.items() for where in unsaid(schema, at)}
    assert found == set(_FREE)


def test_words_that_are_a_closed_set_are_those_that_the_code_has() -> None:
    attempt, endpoint = (SCHEMAS[name]["properties"] for name in ("AttemptView", "EndpointView"))
    assert set(attempt["result"]["enum"]) == set(WORDS)
    assert set(endpoint["kind"]["enum"]) == {WEBHOOK, CALLBACK, KIND}
    assert set(endpoint["reason"]["anyOf"][0]["enum"]) == {GONE, FAILING}
    assert set(SCHEMAS["PlanCountsView"]["properties"]) == set(Bucket)


def test_the_page_for_people_names_both_plans() -> None:
    shown = page(DOCUMENT)
    _, _, plan = shown.partition('<h3 id="AnyPlanView">')
    assert 'href="#ErasurePlanView"' in plan.partition("<h3")[0]
    assert 'href="#RectificationPlanView"' in plan.partition("<h3")[0]


def unsaid(schema: dict[str, Any], at: str) -> Iterator[str]:
    """Where a schema, or one within it, leaves open what there is; by the name of a shared one."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        yield from unsaid(SCHEMAS[name], name)
        return
    inner = [(at, one) for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()))]
    inner += [(f"{at}.{name}", one) for name, one in schema.get("properties", {}).items()]
    inner += [(f"{at}[]", schema["items"])] if "items" in schema else []
    further = schema.get("additionalProperties")
    inner += [(f"{at}[]", further)] if isinstance(further, dict) else []
    if not inner and (
        schema.get("type") in {None, "object", "array"} and not {"enum", "const"} & schema.keys()
    ):
        yield at
    for where, one in inner:
        yield from unsaid(one, where)
