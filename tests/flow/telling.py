"""What reports and packages say, counted."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from typing import Any

from .harness import Caller, JsonMap

# What a report says of items that are still where they were.
STAYS = frozenset({"retained", "refused", "by_hand", "scheduled", "failed", "unknown", "returned"})


def counted(report: Iterable[JsonMap], connector: str) -> dict[str, int]:
    """How many items of each category a report tells of."""
    return _sum(line for line in report if line["connector"] == connector)


def staying(report: Iterable[JsonMap], connector: str) -> dict[str, int]:
    """How many of them are still where they were."""
    lines = [line for line in report if line["connector"] == connector]
    return _sum(line for line in lines if line["outcome"] in STAYS)


def package(caller: Caller, request_id: str) -> zipfile.ZipFile:
    answer = caller.http.get(f"/v1/requests/{request_id}/package")
    assert answer.status_code == 200, answer.text
    return zipfile.ZipFile(io.BytesIO(answer.content))


def copied(archive: zipfile.ZipFile) -> dict[str, dict[str, int]]:
    """How many records of each category a package has, by connector, as its manifest says."""
    manifest: Any = json.loads(archive.read("manifest.json"))
    found: dict[str, dict[str, int]] = {}
    for section in manifest["sections"]:
        own = found.setdefault(section["connector"], {})
        own[section["category"]] = own.get(section["category"], 0) + section["records"]
    return found


def _sum(lines: Iterable[JsonMap]) -> dict[str, int]:
    total: dict[str, int] = {}
    for line in lines:
        if line["category"] and line["count"] and line["reason"] != "no_interface":
            total[line["category"]] = total.get(line["category"], 0) + line["count"]
    return total
