"""Writes contracts/openapi/gateway.json, the gateway as its code describes it, when run."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from avgate_gateway.api.application import unguarded
from avgate_gateway.api.gateway import Gateway
from avgate_gateway.api.health import Checks
from avgate_gateway.authentication import FixedKeys, TokenPolicy, Verifier
from avgate_gateway.changes import Changes
from avgate_gateway.flow.context import Context
from avgate_gateway.store.database import Database
from avgate_gateway.vault import Vault

OPENAPI = Path(__file__).parents[2] / "contracts" / "openapi"
DESCRIBED = OPENAPI / "gateway.json"


def text() -> str:
    """As the code describes itself; no route is called, so none needs anything behind it."""
    policy = TokenPolicy("avgate", "avgate", frozenset(), 3600)
    verifier = Verifier(policy, FixedKeys([]), lambda: 0.0)
    context = Context(
        database=cast("Database", None),
        vault=cast("Vault", None),
        now=lambda: datetime.now(UTC),
        desks={},
        plan_valid=timedelta(days=1),
        vault_keeps=timedelta(days=1),
        public_url=None,
    )
    gateway = Gateway(context, lambda _: None, Changes(), {}, Checks(context.now))
    document = unguarded(gateway, verifier).openapi()
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DESCRIBED.write_text(text(), "utf-8")
