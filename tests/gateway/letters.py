"""What the tests of letters share: facts of a request, and all that a letter says of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from avgate_contracts.vocabulary import Category, Operation, Product
from avgate_gateway.letter import Facts, Recipient, System, written
from avgate_gateway.report import Ending, OutcomeWord, Report, ReportLine

EARLIER = "ab12cd34-0000-4000-8000-000000000000"  # AVG-AB12-CD34
RECEIVED, CLOSED = date(2026, 11, 3), date(2026, 11, 29)
CODE = re.compile(r"\b[a-z0-9]+_[a-z0-9_]+\b|[{}]|\bNone\b")
LANGUAGES = ("nl", "en")


def line(outcome: OutcomeWord, count: int = 2, **more: Any) -> ReportLine:
    ending = Ending(outcome, **more)
    return ReportLine("operator", Category.COMMUNICATION_METADATA, Product.VOICE, ending, count)


def facts(*lines: ReportLine, operation: Operation = Operation.ERASE, **more: Any) -> Facts:
    moment = datetime(2026, 11, 3, tzinfo=UTC)
    report = Report("r-1", operation, "s-1", moment, moment, lines)
    system = System("Operator", (Recipient("Operator"),), done=(CLOSED, CLOSED))
    known = {
        "controller": "Libervoice B.V.",
        "contact": ("info@libervoice.example",),
        "received": RECEIVED,
        "due": date(2026, 12, 1),
        "closed": CLOSED,
        "identity_method": "a code by post",
        "identity_on": RECEIVED,
        "systems": {"operator": system},
    }
    return Facts(report=report, **{**known, **more})


def text(told: Facts, language: str) -> str:
    return " ".join(_strings(written(told, language).to_json(CLOSED)["sections"])).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
