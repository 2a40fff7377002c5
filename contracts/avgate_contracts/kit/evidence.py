"""What evidence says of a connector apart from results: whose it is, and which recordings."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from avgate_contracts.connector import PROTOCOL
from avgate_contracts.kit.capability import claimed
from avgate_contracts.kit.declared import Declared, folder_of
from avgate_contracts.kit.law import laws_of, replaced
from avgate_contracts.kit.tape import TapeError, load

SUITE = "1.1"  # changes with what the suite asks of a connector
_GROUP = "avgate.connectors.v1"


def about(suite: type[Declared]) -> dict[str, Any]:
    """All that evidence says of a test class and its connector, apart from results."""
    key: Any = suite
    return _about(key)


@cache
def _about(suite: Any) -> dict[str, Any]:
    kind = getattr(suite, "connector", None)
    manifest = getattr(kind, "manifest", None)
    told = {
        "suite": SUITE,
        "protocol": PROTOCOL,
        "test_class": suite.__qualname__,
        "connector": getattr(manifest, "name", None),
        "class": f"{kind.__module__}.{kind.__qualname__}" if isinstance(kind, type) else None,
        **_distribution(kind),
        "manifest": _manifest(manifest),
        "capabilities": [each.__name__ for each in claimed(kind)] if kind else [],
        "exempt": dict(suite.exempt),
        "optional": sorted(suite.optional),
        "volatile": sorted(suite.volatile),
        "goes_together": suite.together is not None,
        "replaced": replaced(suite),
        "cassettes": _cassettes(suite),
        "laws": [
            {"name": each.name, "level": each.level, "cases": list(each.cases)}
            for each in laws_of(suite)
        ],
    }
    plain: dict[str, Any] = json.loads(json.dumps(told))  # what travels between test processes
    return plain


def _distribution(kind: Any) -> dict[str, str | None]:
    """The installed distribution whose entry point names the connector."""
    for point in metadata.entry_points(group=_GROUP):
        module, _, name = point.value.partition(":")
        within = str(getattr(kind, "__module__", "")).split(".", 1)[0] == module.split(".", 1)[0]
        if within and name == getattr(kind, "__qualname__", None) and point.dist is not None:
            return {"distribution": point.dist.name, "version": point.dist.version}
    return {"distribution": None, "version": None}


def _manifest(manifest: Any) -> dict[str, Any] | None:
    if manifest is None:
        return None
    return {
        "name": manifest.name,
        "title": manifest.title,
        "processor": manifest.processor,
        "protocol": manifest.protocol,
        "finds_by": sorted(manifest.finds_by),
        "holds": sorted(manifest.holds),
        "erases": {str(what): str(way) for what, way in sorted(manifest.erases.items())},
        "not_relevant": {str(what): why for what, why in manifest.not_relevant.items()},
        "relists": manifest.relists,
    }


def _cassettes(suite: type[Declared]) -> list[dict[str, str | None]]:
    return [
        {
            "story": path.stem,
            "recorded_at": _moment(path),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(folder_of(suite).glob("*.yaml"))
    ]


def _moment(path: Path) -> str | None:
    """When it was recorded; None where the file is none of ours: a test of its own says so."""
    try:
        return load(path).meta.recorded_at.isoformat()
    except TapeError:
        return None
